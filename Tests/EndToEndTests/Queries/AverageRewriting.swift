/// Writes averages as quotients of sums and counts: the same number, rounded in another order.
///
/// Prometheus 2.x averages by a running mean. Where that leaves a crumb and a division by it
/// follows, two right answers can be far apart; the oracle itself then differs from itself.
enum AverageRewriting {
    static func quotients(in query: String) -> String {
        var text = ""
        var rest = Substring(query)
        while let word = rest.firstRange(of: "avg") {
            text += rest[..<word.lowerBound]
            guard let call = call(in: rest[word.lowerBound...]) else {
                text += rest[word]
                rest = rest[word.upperBound...]
                continue
            }
            let inner = quotients(in: String(call.argument))
            text += "(sum\(call.grouping)(\(inner)) / count\(call.grouping)(\(inner)))"
            rest = call.rest
        }
        return text + rest
    }

    /// The parts of `avg by (…) (…)` at the beginning of a text; nil when it is another word.
    private static func call(
        in text: Substring
    ) -> (grouping: Substring, argument: Substring, rest: Substring)? {
        var rest = text.dropFirst("avg".count)
        let start = rest.startIndex
        guard let first = rest.first, first == " " || first == "(" else { return nil }
        if rest.hasPrefix(" by (") || rest.hasPrefix(" without (") {
            guard let end = rest.firstIndex(of: ")") else { return nil }
            rest = rest[rest.index(after: end)...]
        }
        guard let open = rest.firstIndex(of: "(") else { return nil }
        var depth = 0
        for index in rest[open...].indices {
            if rest[index] == "(" { depth += 1 }
            if rest[index] == ")" { depth -= 1 }
            if depth == 0 {
                return (
                    text[start..<open], text[rest.index(after: open)..<index],
                    rest[rest.index(after: index)...]
                )
            }
        }
        return nil
    }
}
