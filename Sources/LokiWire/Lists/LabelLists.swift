import GoText
import PrometheusWire
public import TimeSeries

/// `labels`: the names of all members' labels, each once.
public struct LabelNamesMerge: Sendable {
    private var names: Set<ByteString> = []

    public init() {}

    /// Takes the answer of a member. Its names make room for those that are added, and the added ones
    /// are there if it has any label.
    public mutating func add(
        _ body: [UInt8], of injection: LabelInjection
    ) throws(LokiAnswerError) {
        let found = try Self.names(in: body)
        guard !found.isEmpty else { return }
        names.formUnion(found.map { ByteString(injection.visibleName(of: $0)) })
        names.formUnion(injection.labels.filter { !$0.value.isEmpty }.map { ByteString($0.name) })
    }

    /// The names in the answer of a member.
    public static func names(in body: [UInt8]) throws(LokiAnswerError) -> [String] {
        var found: [String] = []
        try LokiDocument.elements(of: "data", in: body) { (cursor) throws(JSONCursor.Failure) in
            found.append(try cursor.string())
        }
        return found
    }

    /// Names in order.
    public var body: [UInt8] { LokiDocument.success(.strings(names.sorted().map(\.text))) }
}

/// `label/<name>/values`: the values that a label has at all members, each once.
public struct LabelValuesMerge: Sendable {
    private var values: Set<ByteString> = []

    public init() {}

    /// Takes the answer of a member.
    public mutating func add(_ body: [UInt8]) throws(LokiAnswerError) {
        var found: [ByteString] = []
        try LokiDocument.elements(of: "data", in: body) { (cursor) throws(JSONCursor.Failure) in
            found.append(ByteString(try cursor.string()))
        }
        values.formUnion(found)
    }

    /// Adds the value of an added label if the member has a stream, which it has if it has a label.
    ///
    /// - Parameter labels: the member's answer to `labels`.
    public mutating func add(
        value: String, ifAnyIn labels: [UInt8]
    ) throws(LokiAnswerError) {
        var hasAny = false
        try LokiDocument.elements(of: "data", in: labels) { (cursor) throws(JSONCursor.Failure) in
            hasAny = true
            try cursor.skip()
        }
        if hasAny { values.insert(ByteString(value)) }
    }

    /// Values in order.
    public var body: [UInt8] { LokiDocument.success(.strings(values.sorted().map(\.text))) }
}

/// `series`: the label sets of all members' streams, each once.
public struct SeriesListMerge: Sendable {
    private var sets: Set<LabelSet> = []

    public init() {}

    /// Takes the answer of a member. Its label sets get the labels that are added.
    public mutating func add(
        _ body: [UInt8], of injection: LabelInjection
    ) throws(LokiAnswerError) {
        var found: [LabelSet] = []
        try LokiDocument.elements(of: "data", in: body) { (cursor) throws(JSONCursor.Failure) in
            var pairs: [(name: String, value: String)] = []
            try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
                pairs.append((name, try cursor.string()))
            }
            found.append(injection.injecting(into: LabelSet(pairs)))
        }
        sets.formUnion(found)
    }

    /// Label sets in the order of their texts.
    public var body: [UInt8] {
        var out = Array(Envelope.head)
        out.append(UInt8(ascii: "["))
        let texts = sets.map { (text: Array($0.quotedText.utf8), labels: $0) }
            .sorted { $0.text.lexicographicallyPrecedes($1.text) }
        for (index, one) in texts.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            LokiText.append(one.labels, to: &out)
        }
        out.append(contentsOf: "]}\n".utf8)
        return out
    }
}

/// `index/stats`: what the index says of the streams of a selector. These are estimates.
public struct IndexStatisticsMerge: Sendable {
    private static let names = ["streams", "chunks", "bytes", "entries"]
    private var counts = [Int64](repeating: 0, count: names.count)

    public init() {}

    /// Adds the counts of a member.
    public mutating func add(_ body: [UInt8]) throws(LokiAnswerError) {
        var found = [Int64](repeating: 0, count: counts.count)
        try LokiDocument.read(body) { (key, cursor) throws(JSONCursor.Failure) in
            guard let index = Self.names.firstIndex(of: key) else { return false }
            found[index] = try LokiDocument.integer(&cursor)
            return true
        }
        for index in found.indices { counts[index] = counts[index].clampedSum(found[index]) }
    }

    public var body: [UInt8] {
        LokiDocument.document(
            .object(zip(Self.names, counts).map { ($0.0, .integer($0.1)) }))
    }
}

extension Int64 {
    /// The sum, or the most that fits in its direction.
    func clampedSum(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }
}
