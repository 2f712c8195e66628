import GoText

/// One line on its way through a pipeline: what it says, and its labels by where they come from.
struct PipelineEntry {
    let time: Int64
    var line: String
    /// Labels of the stream, structured metadata, and what stages made.
    private(set) var stream: [String: String]
    private(set) var metadata: [String: String]
    private(set) var parsed: [String: String] = [:]
    /// The labels of the stream, whatever stages made of them.
    private let ownLabels: [String: String]

    static let error = "__error__"
    static let details = "__error_details__"

    init(_ entry: LogEntry, stream: [String: String]) {
        time = entry.time
        line = entry.line
        self.stream = stream
        ownLabels = stream
        metadata = [:]
        for (name, value) in entry.metadata {
            metadata[stream[name] == nil ? name : name + "_extracted"] = value
        }
    }

    subscript(_ name: String) -> String? { parsed[name] ?? metadata[name] ?? stream[name] }

    /// All labels together.
    var labels: [String: String] {
        stream.merging(metadata) { $1 }.merging(parsed) { $1 }
    }

    var hasError: Bool { self[Self.error] != nil }

    /// Takes what a parser found; a name that the stream has gets `_extracted`.
    mutating func extract(_ name: String, _ value: String) {
        let name = Self.sanitized(name)
        guard !name.isEmpty else { return }
        parsed[ownLabels[name] != nil ? name + "_extracted" : name] = value
    }

    mutating func set(_ name: String, _ value: String) {
        remove(name)
        parsed[name] = value
    }

    mutating func remove(_ name: String) {
        stream[name] = nil
        metadata[name] = nil
        parsed[name] = nil
    }

    mutating func fail(_ error: String, _ details: String) {
        set(Self.error, error)
        set(Self.details, details)
    }

    private static func sanitized(_ name: String) -> String {
        let isGood = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        if isGood { return name }
        let text = String(
            name.unicodeScalars.map { scalar -> Character in
                let isGood =
                    scalar.isASCII
                    && (scalar.properties.isAlphabetic || scalar == "_"
                        || ("0"..."9").contains(scalar))
                return isGood ? Character(scalar) : "_"
            })
        return text.first?.isNumber == true ? "_" + text : text
    }

    // MARK: Stages

    /// False where a stage takes the line out.
    mutating func pass(_ stages: [LogStage]) -> Bool {
        for stage in stages where !pass(stage) { return false }
        return true
    }

    private mutating func pass(_ stage: LogStage) -> Bool {
        switch stage {
        case .lineFilter(let filter):
            let isFound = filter.alternatives.contains { alternative in
                switch alternative {
                case .text(let text): text.isFound(in: line)
                case .expression(let expression): expression.isFound(in: line)
                case .pattern(let pattern): pattern.fits(line)
                case .addresses(let range): range.isFound(in: line)
                }
            }
            return isFound != filter.relation.isNegative
        case .labelFilter(let filter): return pass(filter)
        case .json(let paths): readJSON(paths)
        case .unpack: unpack()
        case .logfmt(let isStrict, let keepsEmpty, let names):
            readLogfmt(isStrict: isStrict, keepsEmpty: keepsEmpty, names)
        case .regexp(let expression, let names):
            guard let values = expression.groups(names, in: line) else { return true }
            for (name, value) in zip(names, values) { extract(name, value) }
        case .pattern(let pattern):
            for (name, value) in pattern.captures(in: line) { extract(name, value) }
        case .lineFormat(let template): line = template.filled(self)
        case .labelFormat(let formats):
            for format in formats {
                switch format.source {
                case .template(let template): set(format.name, template.filled(self))
                case .label(let label):
                    guard let value = self[label] else { continue }
                    remove(label)
                    set(format.name, value)
                }
            }
        case .decolorize: line = Self.withoutColors(line)
        case .drop(let choices):
            for choice in choices where choice.matcher?.accepts(self[choice.name] ?? "") != false {
                remove(choice.name)
            }
        case .keep(let choices):
            for name in labels.keys where !name.hasPrefix("__error") {
                let isKept = choices.contains { choice in
                    choice.name == name && choice.matcher?.accepts(self[name] ?? "") != false
                }
                if !isKept { remove(name) }
            }
        }
        return true
    }

    mutating func pass(_ filter: LabelFilter) -> Bool {
        switch filter {
        case .and(let left, let right):
            let isLeft = pass(left)
            return isLeft ? pass(right) : false
        case .or(let left, let right):
            return pass(left) ? true : pass(right)
        case .text(let matcher): return matcher.accepts(self[matcher.name] ?? "")
        case .addresses(let name, let isNegative, let range):
            guard let text = self[name] else { return false }
            return range.contains(text) != isNegative
        case .number(let name, let comparison, let quantity):
            guard let text = self[name] else { return false }
            if hasError { return true }
            let value: Double?
            let wanted: Double
            switch quantity {
            case .number(let number): (value, wanted) = (GoFloat.parse(text), number)
            case .nanoseconds(let length): (value, wanted) = (Quantities.nanoseconds(text), length)
            case .bytes(let size): (value, wanted) = (Quantities.bytes(text), size)
            }
            guard let value else {
                fail(
                    "LabelFilterErr",
                    "strconv.ParseFloat: parsing \(GoQuoting.quote(text)): invalid syntax")
                return true
            }
            return comparison.holds(value, wanted)
        }
    }

    private mutating func readJSON(_ paths: [(name: String, path: String)]) {
        if !paths.isEmpty {
            guard let node = JSONNode(line) else { return fail("JSONParserErr", "invalid JSON") }
            for (name, path) in paths { extract(name, Self.found(path, in: node) ?? "") }
            return
        }
        var found: [(String, String)] = []
        var scanner = JSONScanner(line)
        var isWhole = true
        do {
            try Self.flatten(&scanner, prefix: "") { found.append(($0, $1)) }
        } catch {
            isWhole = false
        }
        for (name, value) in found { extract(name, value) }
        if !isWhole { fail("JSONParserErr", "Value looks like object, but can't find closing '}'") }
    }

    private static func flatten(
        _ scanner: inout JSONScanner, prefix: String, _ each: (String, String) -> Void
    ) throws(JSONScanner.Malformed) {
        try scanner.members { name, scanner throws(JSONScanner.Malformed) in
            if scanner.peek() == UInt8(ascii: "{") {
                try flatten(&scanner, prefix: prefix + name + "_", each)
            } else if let text = Self.text(of: try scanner.value()) {
                each(prefix + name, text)
            }
        }
    }

    /// How a label holds a value; nil for lists and null.
    private static func text(of node: JSONNode) -> String? {
        switch node {
        case .string(let text), .number(let text): text
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// What stands at a path like `http.headers[0]`.
    private static func found(_ path: String, in node: JSONNode) -> String? {
        var node = node
        for step in path.split(whereSeparator: { ".[]".contains($0) }) {
            if let index = Int(step), case .array(let elements) = node {
                guard elements.indices.contains(index) else { return nil }
                node = elements[index]
            } else {
                guard let member = node[step.trimmingQuotes] else { return nil }
                node = member
            }
        }
        switch node {
        case .array, .object: return String(decoding: node.bytes, as: UTF8.self)
        default: return text(of: node)
        }
    }

    private mutating func unpack() {
        guard case .object(let members) = JSONNode(line) else {
            return fail("JSONParserErr", "expecting json object(6), but it is not")
        }
        for member in members {
            guard let text = member.value.text else { continue }
            if member.name == "_entry" { line = text } else { extract(member.name, text) }
        }
    }

    private mutating func readLogfmt(
        isStrict: Bool, keepsEmpty: Bool, _ names: [(name: String, path: String)]
    ) {
        let (pairs, isWhole) = Logfmt.pairs(line)
        if names.isEmpty {
            for pair in pairs {
                let value = pair.value ?? ""
                if !value.isEmpty || keepsEmpty { extract(pair.key, value) }
            }
        } else {
            for (name, path) in names {
                extract(name, pairs.last { $0.key == path }?.value ?? "")
            }
        }
        if isStrict, !isWhole { fail("LogfmtParserErr", "logfmt syntax error") }
    }

    private static func withoutColors(_ line: String) -> String {
        var out = ""
        var rest = line[...]
        while let start = rest.firstRange(of: "\u{1b}[") {
            out += rest[..<start.lowerBound]
            rest = rest[start.upperBound...].drop { $0.isNumber || $0 == ";" }.dropFirst()
        }
        return out + rest
    }
}

extension String {
    /// Whether a text holds these bytes.
    fileprivate func isFound(in text: String) -> Bool {
        guard let first = utf8.first else { return true }
        var (own, text) = (self, text)
        return own.withUTF8 { own in
            text.withUTF8 { text in
                var rest = text[...]
                while rest.count >= own.count, let place = rest.firstIndex(of: first) {
                    rest = rest[place...]
                    if rest.starts(with: own) { return true }
                    rest = rest.dropFirst()
                }
                return false
            }
        }
    }
}

extension Substring {
    fileprivate var trimmingQuotes: String {
        hasPrefix("\"") && hasSuffix("\"") && count > 1
            ? String(dropFirst().dropLast()) : String(self)
    }
}
