import TimeSeries

/// Reads one line of an exposition from left to right.
struct ExpositionCursor {
    private var rest: ArraySlice<UInt8>
    private let lineNumber: Int

    init(_ line: ArraySlice<UInt8>, lineNumber: Int) {
        rest = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        self.lineNumber = lineNumber
        skipBlanks()
    }

    var isAtEnd: Bool { rest.isEmpty }

    func isAt(_ byte: UInt8) -> Bool { rest.first == byte }

    func error(_ problem: String) -> ExpositionError {
        ExpositionError(line: lineNumber, problem: problem)
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    mutating func skipBlanks() { rest = rest.drop(while: Self.isBlank) }

    mutating func skipToEnd() { rest = rest[rest.endIndex...] }

    /// Everything up to the next blank.
    mutating func word() -> String {
        let word = rest.prefix { !Self.isBlank($0) }
        rest = rest[word.endIndex...]
        return String(decoding: word, as: UTF8.self)
    }

    /// The rest of the line with `\\`, `\"` and `\n` undone.
    mutating func helpText() -> String {
        defer { skipToEnd() }
        return Self.unescaped(rest)
    }

    /// A metric name after a keyword, bare or quoted.
    mutating func metricName() throws(ExpositionError) -> String {
        skipBlanks()
        if isAt(UInt8(ascii: "\"")) {
            let name = try quoted()
            if name.isEmpty { throw error("a name is empty") }
            return name
        }
        let name = rest.prefix(while: Self.isMetricNameByte)
        guard let first = name.first, !Self.isDigit(first) else {
            throw error("expected a metric name")
        }
        rest = rest[name.endIndex...]
        return String(decoding: name, as: UTF8.self)
    }

    /// `name{label="value",…}`, where the name may stand quoted inside the braces instead.
    mutating func series() throws(ExpositionError) -> LabelSet {
        var pairs: [(name: String, value: String)] = []
        if !isAt(UInt8(ascii: "{")) {
            pairs.append(("__name__", try metricName()))
            skipBlanks()
        }
        if skip(UInt8(ascii: "{")) { try labels(into: &pairs) }
        guard pairs.contains(where: { $0.name == "__name__" && !$0.value.isEmpty }) else {
            throw error("the series has no metric name")
        }
        return LabelSet(pairs)
    }

    private mutating func labels(
        into pairs: inout [(name: String, value: String)]
    ) throws(ExpositionError) {
        while true {
            skipBlanks()
            if skip(UInt8(ascii: "}")) { return }
            let isQuoted = isAt(UInt8(ascii: "\""))
            let name = try isQuoted ? quoted() : labelName()
            if name.isEmpty { throw error("a name is empty") }
            skipBlanks()
            if skip(UInt8(ascii: "=")) {
                skipBlanks()
                guard isAt(UInt8(ascii: "\"")) else {
                    throw error("expected a quoted value for label \"\(name)\"")
                }
                let value = try quoted()
                if pairs.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
                    throw error("label \"\(name)\" occurs twice")
                }
                pairs.append((name, value))
            } else if isQuoted, !pairs.contains(where: { $0.name == "__name__" }) {
                pairs.append(("__name__", name))
            } else {
                throw error("expected = after label \"\(name)\"")
            }
            skipBlanks()
            if !skip(UInt8(ascii: ",")), !isAt(UInt8(ascii: "}")) {
                throw error("expected , or } in the labels")
            }
        }
    }

    private mutating func labelName() throws(ExpositionError) -> String {
        let name = rest.prefix(while: Self.isLabelNameByte)
        guard let first = name.first, !Self.isDigit(first) else {
            throw error("expected a label name")
        }
        rest = rest[name.endIndex...]
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func quoted() throws(ExpositionError) -> String {
        let body = rest.dropFirst()
        var end = body.startIndex
        while end < body.endIndex, body[end] != UInt8(ascii: "\"") {
            end += body[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < body.endIndex else { throw error("unterminated quoted string") }
        rest = body[(end + 1)...]
        return Self.unescaped(body[body.startIndex..<end])
    }

    /// Undoes the three escapes there are; other backslashes stay, as in Prometheus.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> String {
        guard text.contains(UInt8(ascii: "\\")) else {
            return String(decoding: text, as: UTF8.self)
        }
        var out: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < text.endIndex else {
                out.append(byte)
                continue
            }
            switch text[index] {
            case UInt8(ascii: "n"): out.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\\"): out.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "\""): out.append(UInt8(ascii: "\""))
            default: out.append(contentsOf: [byte, text[index]])
            }
            index += 1
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isLabelNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isMetricNameByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || isLabelNameByte(byte)
    }
}
