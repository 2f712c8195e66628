import TimeSeries

/// A query in its stages, which `|` divides. Only as much of it is understood as the gateway must
/// change; all else is sent as it is written, for the member to judge.
struct TraceQLQuery {
    let text: String
    let tokens: [TraceQLToken]
    /// The tokens of each stage.
    private(set) var stages: [Range<Int>] = []
    /// The tokens of `with (…)` at the end; empty when there is none.
    private(set) var hints: Range<Int>
    /// Where each brace and parenthesis that opens is closed.
    private let closings: [Int: Int]
    private let end: TraceQLPlace

    /// - Throws: where a text, a brace or a parenthesis does not end.
    init(_ text: String) throws(TraceQLError) {
        self.text = text
        tokens = try TraceQLLexer.tokens(text)
        var end = TraceQLPlace.start
        for scalar in text.unicodeScalars { end.pass(scalar) }
        self.end = end
        closings = try Self.closings(tokens, end)
        hints = tokens.endIndex..<tokens.endIndex
        var start = tokens.startIndex
        var index = start
        while index < tokens.endIndex {
            if let closing = closings[index] {
                index = closing
            } else if tokens[index].isSymbol("|") {
                stages.append(start..<index)
                start = index + 1
            } else if tokens[index].isWord("with"), let closing = closings[index + 1],
                closing == tokens.endIndex - 1
            {
                hints = index..<tokens.endIndex
                break
            }
            index += 1
        }
        stages.append(start..<hints.lowerBound)
    }

    private static func closings(
        _ tokens: [TraceQLToken], _ end: TraceQLPlace
    ) throws(TraceQLError) -> [Int: Int] {
        var closings: [Int: Int] = [:]
        var open: [Int] = []
        for (index, token) in tokens.enumerated() {
            if token.isSymbol("{") || token.isSymbol("(") { open.append(index) }
            guard token.isSymbol("}") || token.isSymbol(")") else { continue }
            guard let opening = open.popLast(),
                tokens[opening].isSymbol("{") == token.isSymbol("}")
            else { throw .syntax("syntax error: unexpected \(token.text)", at: token.place) }
            closings[opening] = index
        }
        guard open.isEmpty else { throw .syntax("syntax error: unexpected $end", at: end) }
        return closings
    }

    /// As it is written, without space around it.
    func source(_ range: Range<Int>) -> String {
        guard let first = tokens[range].first, let last = tokens[range].last else { return "" }
        return String(
            decoding: text.utf8.dropFirst(first.range.lowerBound)
                .prefix(last.range.upperBound - first.range.lowerBound), as: UTF8.self)
    }

    /// The index of what closes the token, nil where it opens nothing.
    func closing(of index: Int) -> Int? { closings[index] }

    /// The token ranges between the commas of a list.
    func items(_ range: Range<Int>) -> [Range<Int>] {
        var items: [Range<Int>] = []
        var start = range.lowerBound
        var index = start
        while index < range.upperBound {
            if let closing = closings[index] {
                index = closing
            } else if tokens[index].isSymbol(",") {
                items.append(start..<index)
                start = index + 1
            }
            index += 1
        }
        items.append(start..<range.upperBound)
        return items
    }

    /// Whether spansets are joined, or whole traces are judged, which members do on their own
    /// parts alone.
    var judgesTraces: Bool {
        for stage in stages {
            guard let first = tokens[stage].first else { continue }
            if case .word = first.kind, Self.aggregates.contains(first.text) { return true }
            // More than one filter.
            guard first.isSymbol("(") || first.isSymbol("{") else { continue }
            if closings[stage.lowerBound] != stage.upperBound - 1 || first.isSymbol("(") {
                return true
            }
        }
        return tokens.contains { token in
            if case .word = token.kind { Self.ofTraces.contains(token.text) } else { false }
        }
    }

    private static let aggregates: Set = ["count", "avg", "min", "max", "sum"]
    private static let ofTraces: Set = [
        "traceDuration", "trace:duration", "rootName", "trace:rootName", "rootServiceName",
        "trace:rootService", "nestedSetLeft", "nestedSetRight", "nestedSetParent", "childCount",
        "span:childCount",
    ]

    // MARK: For one member

    func concerns(_ range: Range<Int>, _ names: TraceQLNames) -> Bool {
        tokens[range].contains(where: names.concerns)
    }

    /// An expression of fields, for the member.
    func fields(
        _ range: Range<Int>, _ names: TraceQLNames
    ) throws(TraceQLError) -> TraceQLFields.Operand {
        let behind = range.upperBound < tokens.endIndex ? tokens[range.upperBound].place : end
        var fields = TraceQLFields(tokens[range], end: behind, names)
        let operand = try fields.expression()
        if let rest = fields.current {
            throw .syntax("syntax error: unexpected \(rest.text)", at: rest.place)
        }
        return operand
    }

    /// `{…}`, for the member; nil where nothing matches.
    func filter(
        opening: Int, closing: Int, _ names: TraceQLNames
    ) throws(TraceQLError) -> String? {
        let inside = (opening + 1)..<closing
        guard concerns(inside, names) else { return source(opening..<closing + 1) }
        let operand = try fields(inside, names)
        if case .constant(false) = operand.kind { return nil }
        return "{\(operand.text)}"
    }

    /// Tokens of any kind, for the member: what stands in braces is folded, and no injected
    /// attribute may stand elsewhere.
    func rewritten(_ range: Range<Int>, _ names: TraceQLNames) throws(TraceQLError) -> String {
        guard concerns(range, names) else { return source(range) }
        var out = ""
        var index = range.lowerBound
        var written = tokens[index].range.lowerBound
        while index < range.upperBound {
            let token = tokens[index]
            var next = index + 1
            out += String(
                decoding: text.utf8.dropFirst(written).prefix(token.range.lowerBound - written),
                as: UTF8.self)
            if token.isSymbol("{"), let closing = closings[index] {
                out += try filter(opening: index, closing: closing, names) ?? "{false}"
                next = closing + 1
            } else if case .attribute(let attribute) = token.kind, names.concerns(token) {
                if names.isInjected(attribute) { throw names.misplaced(attribute) }
                if attribute.scope == .any || attribute.scope == .parent {
                    throw names.ambiguous(attribute)
                }
                out += names.memberAttribute(of: attribute).text
            } else {
                out += token.text
            }
            written = tokens[next - 1].range.upperBound
            index = next
        }
        return out
    }

    /// The attribute that a range of one token is.
    func attribute(_ range: Range<Int>) -> TraceQLAttribute? {
        guard range.count == 1, case .attribute(let attribute) = tokens[range.lowerBound].kind
        else { return nil }
        return attribute
    }
}
