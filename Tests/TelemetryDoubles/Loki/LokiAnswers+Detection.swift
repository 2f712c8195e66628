import GoText

/// What Loki finds in lines by itself: patterns and fields.
extension LokiAnswers {
    func patterns() throws(Failure) -> DoubleAnswer {
        let window = try reading(parameters.queryWindow)
        let text = queryText
        let matchers = try parsing { () throws(LogQLError) in try LogQLParser.selector(text) }
        var step = try reading { () throws(LokiParameters.Refusal) in
            try parameters.length("step", allowsNegative: true) ?? 10_000_000_000
        }
        if step <= 0 { step = 10_000_000_000 }
        var found: [LinePatterns.Key: [Int64: Int]] = [:]
        for stream in store.streams(matching: matchers, in: window.start...window.end) {
            let entries = stream.entries.filter { $0.time >= window.start && $0.time < window.end }
            for (key, times) in LinePatterns.found(in: entries) {
                for time in times {
                    found[key, default: [:]][time.floorDivided(by: step) * step, default: 0] += 1
                }
            }
        }
        let ordered = found.sorted {
            ($0.key.pattern, $0.key.level) < ($1.key.pattern, $1.key.level)
        }
        let rows = ordered.map { key, counts in
            JSONNode.object([
                .init("pattern", .string(key.pattern)), .init("level", .string(key.level)),
                .init(
                    "samples",
                    .array(
                        counts.sorted { $0.key < $1.key }.map { time, count in
                            .array([JSONNode(time / 1_000_000_000), JSONNode(count)])
                        })),
            ])
        }
        return .json(
            .object([.init("status", .string("success")), .init("data", .array(rows))]))
    }

    /// A real Loki whose lines are in chunks finds none.
    func detectedLabels() throws(Failure) -> DoubleAnswer {
        let text = queryText
        if !text.isEmpty {
            _ = try parsing { () throws(LogQLError) in try LogQLParser.query(text) }
        }
        return .json(.object([]))
    }

    func detectedFields() throws(Failure) -> DoubleAnswer {
        let limit = parameters.count("limit", default: 1000)
        let fields = try foundFields().prefix(limit)
        guard !fields.isEmpty else { return .json(.object([])) }
        let nodes = fields.map { field in
            var members: [JSONNode.Member] = [
                .init("label", .string(field.name)), .init("type", .string(field.type)),
                .init("cardinality", JSONNode(field.values.count)),
                .init("parsers", field.parser.map { .array([.string($0)]) } ?? .null),
            ]
            if !field.path.isEmpty {
                members.append(.init("jsonPath", .array(field.path.map(JSONNode.string))))
            }
            return JSONNode.object(members)
        }
        return .json(
            .object([.init("fields", .array(nodes)), .init("limit", JSONNode(limit))]))
    }

    func detectedValues(of name: String) throws(Failure) -> DoubleAnswer {
        let limit = parameters.count("limit", default: 1000)
        guard let field = try foundFields().first(where: { $0.name == name }) else {
            return .json(.object([]))
        }
        let values = field.values.prefix(limit).map(JSONNode.string)
        return .json(
            .object([.init("limit", JSONNode(limit)), .init("values", .array(values))]))
    }

    private struct Field {
        var name: String
        var parser: String?
        var path: [String]
        /// In the order in which they were found.
        var values: [String] = []

        var type: String {
            let text = values.first ?? ""
            if text == "true" || text == "false" { return "boolean" }
            if Int64(text) != nil { return "int" }
            if Double(text) != nil { return "float" }
            if Quantities.nanoseconds(text) != nil { return "duration" }
            return Quantities.bytes(text) == nil ? "string" : "bytes"
        }
    }

    /// The fields of the newest lines.
    private func foundFields() throws(Failure) -> [Field] {
        let window = try reading(parameters.queryWindow)
        let text = queryText
        guard
            case .lines(let selection) = try parsing({ () throws(LogQLError) in
                try LogQLParser.query(text)
            })
        else { throw .refusal("only log selector is supported") }
        let entries = store.entries(of: selection) { $0 >= window.start && $0 < window.end }
            .stablySorted { $0.time > $1.time }
            .prefix(parameters.count("line_limit", default: 100))
        var fields: [Field] = []
        var places: [String: Int] = [:]
        func note(_ name: String, _ value: String, _ parser: String?, _ path: [String]) {
            let place = places[name] ?? fields.count
            if place == fields.count {
                places[name] = place
                fields.append(Field(name: name, parser: parser, path: path))
            }
            if !fields[place].values.contains(value) { fields[place].values.append(value) }
        }
        for entry in entries {
            for (name, value) in entry.metadata { note(name, value, nil, []) }
            var parsed = entry
            let isJSON = entry.line.hasPrefix("{")
            _ = parsed.pass([isJSON ? .json([]) : .logfmt(isStrict: false, keepsEmpty: false, [])])
            let paths = isJSON ? Self.paths(entry.line) : [:]
            for (name, value) in parsed.parsed where !name.hasPrefix("__error") {
                let own = name.hasSuffix("_extracted") ? String(name.dropLast(10)) : name
                let parser = isJSON ? "json" : "logfmt"
                note(name, value, parser, isJSON ? paths[own] ?? [own] : [])
            }
        }
        return fields
    }

    /// Where in a JSON line each of its labels stands.
    private static func paths(_ line: String) -> [String: [String]] {
        func walk(_ node: JSONNode, _ path: [String], _ paths: inout [String: [String]]) {
            for member in node.members {
                let path = path + [member.name]
                if case .object = member.value {
                    walk(member.value, path, &paths)
                } else {
                    paths[path.joined(separator: "_")] = path
                }
            }
        }
        var paths: [String: [String]] = [:]
        if let node = JSONNode(line) { walk(node, [], &paths) }
        return paths
    }
}

/// Patterns of lines that differ in some words only. Much simpler than Loki's: lines of one stream and
/// level with equally many words are one pattern if there are enough of them.
enum LinePatterns {
    struct Key: Hashable {
        var pattern: String
        var level: String
    }

    private static let fewestWords = 4
    private static let fewestLines = 15
    static let place = "<_>"

    /// The patterns in the lines of one stream, with the times of the lines.
    static func found(in entries: [LogEntry]) -> [Key: [Int64]] {
        var groups: [[String]: [(words: [String], time: Int64)]] = [:]
        for entry in entries where !entry.line.hasPrefix("{") {
            let words = Self.words(of: entry.line)
            guard words.count >= fewestWords else { continue }
            let level = entry.metadata["detected_level"] ?? "unknown"
            let shape = [level] + words.map { $0.contains("=") ? Self.key(of: $0) : "" }
            groups[shape, default: []].append((words, entry.time))
        }
        var found: [Key: [Int64]] = [:]
        for (shape, lines) in groups where lines.count >= fewestLines {
            let words = lines[0].words.indices.map { index in
                let word = lines[0].words[index]
                if lines.allSatisfy({ $0.words[index] == word }) { return word }
                return word.contains("=") ? Self.key(of: word) + "=" + place : place
            }
            let row = Key(pattern: words.joined(separator: " "), level: shape[0])
            found[row, default: []] += lines.map(\.time)
        }
        return found
    }

    private static func key(of word: String) -> String { String(word.prefix { $0 != "=" }) }

    /// Words between spaces; a value in quotes is one.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in line {
            if character == "\"" { isQuoted.toggle() }
            if character == " ", !isQuoted {
                words.append(word)
                word = ""
            } else {
                word.append(character)
            }
        }
        return words + [word]
    }
}
