import TestSupport

extension QueryGenerator {
    mutating func selector() -> QueryNode {
        let name = random.pick([
            "requests_total", "requests_total", "temperature", "temperature", "memory", "memory",
            "team_limit", "lonely", "latency_bucket", "odd_gauge", "up", "build_info", "trap",
            "trap", "escaped", "nope",
        ])
        let shift = shift(orAt: true)
        switch random.below(24) {
        case 0:
            let more = matchers(leading: ",")
            return "{__name__=~\"\(name)|memory\"\(more)}\(shift)"
        case 1:
            let member = random.pick(FederationData.members)
            return "{project=\"\(member)\", __name__=~\"(memory|trap|temperature)\"}\(shift)"
        case 2:
            let member = random.pick(FederationData.members)
            return "{project=\"\(member)\", job=\"api\", __name__!~\"odd.*\"}\(shift)"
        default:
            let braces = braces()
            return "\(name)\(braces)\(shift)"
        }
    }

    mutating func braces() -> QueryNode {
        guard random.oneIn(2) else { return QueryNode(.option, []) }
        return QueryNode(.option, [.text("{"), .node(matchers(leading: "")), .text("}")])
    }

    private mutating func matchers(leading: String) -> QueryNode {
        let (first, second) = (
            random.pick(FederationData.members), random.pick(FederationData.members)
        )
        var all: [String] = []
        if random.oneIn(2) {
            all.append(
                random.pick([
                    "project=\"\(first)\"", "project!=\"\(first)\"", "project=~\"\(first)|zz\"",
                    "project=~\"\(first)|\(second)\"", "project!~\"\(first).*\"",
                    "project=~\".+\"", "project=\"\"", "project!=\"\"", "project=\"zz\"",
                    "project=~\"\(first).?\"", "project!~\"\"", "project=~\"[ab].*\"",
                ]))
        }
        if random.oneIn(12) { all.append("project!=\"\(second)\"") }
        if random.oneIn(3) {
            all.append(
                random.pick(["job=\"api\"", "job!=\"db\"", "job=~\"a.*|web\"", "job!~\"w.*\""]))
        }
        if random.oneIn(5) {
            all.append(
                random.pick(["code=\"200\"", "code!~\"5..\"", "zone=\"\"", "a=\"1\"", "le=\"1.0\""])
            )
        }
        if random.oneIn(8) {
            all.append(
                random.pick([
                    "exported_project=\"own\"", "exported_project=\"\"",
                    "exported_project!=\"own\"", "exported_project=~\"o.*\"",
                    "exported_exported_project=\"deep\"", "exported_exported_project!=\"\"",
                ]))
        }
        if all.isEmpty { return QueryNode(.option, []) }
        return QueryNode(.option, [.text(leading + all.joined(separator: ","))])
    }

    var isOffEdges: Bool { features.contains(.offEdges) }

    /// Ranges of subqueries that begin at no multiple of fifteen seconds when they end at one.
    var oddRanges: [String] { ["97s", "187s", "307s"] }

    /// An offset, an `@`, both, or nothing.
    mutating func shift(orAt: Bool) -> QueryNode {
        var offsets = [" offset 1m", " offset -30s", " offset 7s", " offset 12m"]
        if features.contains(.version3) { offsets += [" offset 45", " offset -7.5"] }
        if features.contains(.experimental) { offsets.append(" offset (1m + 30s)") }
        let offset = random.pick(offsets)
        let at = random.pick([
            isOffEdges ? " @ 1700001800.25" : " @ 1700001800", " @ start()", " @ end()",
            isOffEdges ? " @ 1700000333.25" : " @ 1700000333.5",
        ])
        switch random.below(30) {
        case 0...2: return QueryNode(.option, [.text(offset)])
        case 3 where orAt: return QueryNode(.option, [.text(at)])
        case 4 where orAt: return QueryNode(.option, [.text(at + offset)])
        case 5 where orAt: return QueryNode(.option, [.text(offset + at)])
        default: return QueryNode(.option, [])
        }
    }

    /// A range of a selector, or a subquery that stays within its members.
    mutating func matrix(_ depth: Int) -> QueryNode {
        if depth > 1, random.oneIn(5) {
            let (range, step) = (
                isOffEdges ? random.pick(oddRanges) : duration(["3m", "5m", "97s"]),
                random.pick(["15s", "30s", "1m"])
            )
            let name = random.pick(["requests_total", "temperature", "memory"])
            let (braces, shift) = (braces(), shift(orAt: true))
            let inner: QueryNode =
                random.oneIn(2)
                ? "rate(\(name)\(braces)[2m])"
                : "\(name)\(braces) \(random.pick(["+", "*", ">"])) \(random.pick(["1", "20"]))"
            return ("(\(inner))[\(range):\(step)]\(shift)" as QueryNode).as(.matrix)
        }
        let name = random.pick([
            "requests_total", "requests_total", "temperature", "memory", "team_limit", "trap",
            "latency_bucket", "up",
        ])
        let range = duration(["1m", "2m", "5m", "47s", "20m"])
        let (braces, shift) = (braces(), shift(orAt: true))
        return ("\(name)\(braces)[\(range)]\(shift)" as QueryNode).as(.matrix)
    }
}
