import GoText
import PrometheusWire
public import TimeSeries

/// `detected_labels`: labels that are worth showing, and how many values each has. How many it has at
/// all members together is not known; it has no fewer than at the one where it has most.
public struct DetectedLabelsMerge: Sendable {
    private var cardinalities: [ByteString: Int64] = [:]

    public init() {}

    /// Takes the answer of a member. Its names make room for those that are added, which have one value
    /// more if it has any label.
    public mutating func add(
        _ body: [UInt8], of injection: LabelInjection
    ) throws(LokiAnswerError) {
        var found: [(name: String, cardinality: Int64)] = []
        try LokiDocument.elements(of: "detectedLabels", in: body) {
            (cursor) throws(JSONCursor.Failure) in
            var (name, cardinality) = ("", Int64(0))
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "label": name = try cursor.string()
                case "cardinality": cardinality = try LokiDocument.integer(&cursor)
                default: try cursor.skip()
                }
            }
            found.append((name, cardinality))
        }
        guard !found.isEmpty else { return }
        for one in found {
            let name = ByteString(injection.visibleName(of: one.name))
            cardinalities[name] = max(cardinalities[name] ?? 0, one.cardinality)
        }
        for label in injection.labels where !label.value.isEmpty {
            cardinalities[ByteString(label.name), default: 0] += 1
        }
    }

    /// Labels in order.
    public var body: [UInt8] {
        if cardinalities.isEmpty { return LokiDocument.document(.object([])) }
        let rows = cardinalities.sorted { $0.key < $1.key }.map { name, cardinality in
            JSONValue.object([
                ("label", .string(name.text)), ("cardinality", .integer(cardinality)),
            ])
        }
        return LokiDocument.document(.object([("detectedLabels", .array(rows))]))
    }
}

/// `detected_fields`: what parsers find in some lines, and structured metadata.
public struct DetectedFieldsMerge: Sendable {
    private struct Field {
        var type: String
        var cardinality: Int64
        var parsers: Set<ByteString>
        var path: [String]
    }

    private var fields: [ByteString: Field] = [:]
    private let limit: Int

    /// - Parameter limit: of fields.
    public init(limit: Int) { self.limit = limit }

    /// Takes the answer of a member. A field with the name of an added label gives way to it. Fields of
    /// two types are texts; how many values a field has, and in what order fields come, as of labels.
    public mutating func add(
        _ body: [UInt8], of injection: LabelInjection
    ) throws(LokiAnswerError) {
        var found: [(name: String, field: Field)] = []
        try LokiDocument.elements(of: "fields", in: body) { (cursor) throws(JSONCursor.Failure) in
            var name = ""
            var field = Field(type: "string", cardinality: 0, parsers: [], path: [])
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "label": name = try cursor.string()
                case "type": field.type = try cursor.string()
                case "cardinality": field.cardinality = try LokiDocument.integer(&cursor)
                case "parsers":
                    field.parsers = Set(try LokiDocument.texts(&cursor).map { ByteString($0) })
                case "jsonPath": field.path = try LokiDocument.texts(&cursor)
                default: try cursor.skip()
                }
            }
            found.append((name, field))
        }
        for one in found { add(one.field, named: injection.extractedName(of: one.name)) }
    }

    private mutating func add(_ field: Field, named name: String) {
        guard var known = fields[ByteString(name)] else {
            fields[ByteString(name)] = field
            return
        }
        if known.type != field.type { known.type = "string" }
        known.cardinality = max(known.cardinality, field.cardinality)
        known.parsers.formUnion(field.parsers)
        if known.path.isEmpty { known.path = field.path }
        fields[ByteString(name)] = known
    }

    /// Fields in the order of their names.
    public var body: [UInt8] {
        if fields.isEmpty { return LokiDocument.document(.object([])) }
        let rows = fields.sorted { $0.key < $1.key }.prefix(limit).map { name, field in
            var row: [(key: String, value: JSONValue)] = [
                ("label", .string(name.text)), ("type", .string(field.type)),
                ("cardinality", .integer(field.cardinality)),
                (
                    "parsers",
                    field.parsers.isEmpty
                        ? .null : .strings(field.parsers.sorted().map(\.text))
                ),
            ]
            if !field.path.isEmpty { row.append(("jsonPath", .strings(field.path))) }
            return JSONValue.object(row)
        }
        return LokiDocument.document(
            .object([("fields", .array(rows)), ("limit", .integer(Int64(limit)))]))
    }
}

/// `detected_field/<name>/values`: values of a field in some lines, each once.
public struct DetectedValuesMerge: Sendable {
    private var values: Set<ByteString> = []
    private let limit: Int

    /// - Parameter limit: of values.
    public init(limit: Int) { self.limit = limit }

    /// Takes the answer of a member.
    public mutating func add(_ body: [UInt8]) throws(LokiAnswerError) {
        var found: [ByteString] = []
        try LokiDocument.elements(of: "values", in: body) { (cursor) throws(JSONCursor.Failure) in
            found.append(ByteString(try cursor.string()))
        }
        values.formUnion(found)
    }

    /// Values in order.
    public var body: [UInt8] {
        if values.isEmpty { return LokiDocument.document(.object([])) }
        return LokiDocument.document(
            .object([
                ("limit", .integer(Int64(limit))),
                ("values", .strings(values.sorted().prefix(limit).map(\.text))),
            ]))
    }
}

extension LabelInjection {
    /// The name users see a label under that is no stream's: structured metadata or one that was
    /// parsed. It gives way to labels that all streams have.
    public func extractedName(of name: String) -> String {
        isName(name) ? name + "_extracted" : name
    }

    /// The member's own name of such a label; nil for an added label, of which there are no values
    /// there.
    public func memberName(ofExtracted name: String) -> String? {
        if isName(name) { return nil }
        let own = labels.first { name.utf8.elementsEqual(($0.name + "_extracted").utf8) }
        return own?.name ?? name
    }
}
