/// Random LogQL that a Loki takes: queries for lines and for numbers, with the label that tells
/// members apart in all the places in which it can stand.
///
/// Words are those of the data that the property tests make: streams with `app`, `env` and `pod`, in
/// whose lines a parser finds `level`, `h`, `v`, `d` and `project`.
public struct LogQueryGenerator: Sendable {
    var random: SeededRandom
    /// The members' names, which are the values of the label.
    private let members: [String]
    /// The label that tells members apart.
    private let partition: String
    /// Whether to stay with what the small evaluator of the tests knows.
    private let isPlain: Bool

    public init(
        seed: UInt64, members: [String], partition: String = "project", isPlain: Bool = false
    ) {
        random = SeededRandom(seed: seed)
        self.members = members
        self.partition = partition
        self.isPlain = isPlain
    }

    // MARK: - Lines

    /// A query for lines.
    public mutating func lines() -> String { selector() + pipeline() }

    public mutating func selector() -> String {
        var matchers = [random.pick([#"app="x""#, #"app=~"x|y""#, #"app=~".+""#, #"app="y""#])]
        if random.oneIn(3) {
            matchers.append(random.pick([#"env!="dev""#, #"pod=~"p.*""#, #"env="prod""#]))
        }
        if random.oneIn(3) { matchers.append(partitionMatcher()) }
        if random.oneIn(12) { matchers.append("exported_\(partition)=~\".*\"") }
        if random.oneIn(15) { matchers = [#"\#(partition)=~".+""#] }
        return "{" + matchers.joined(separator: ", ") + "}"
    }

    private mutating func partitionMatcher() -> String {
        let member = random.pick(members)
        let values = [
            #"="\#(member)""#, #"!="\#(member)""#, #"=~"\#(member)|nobody""#, #"!~"x.*""#,
        ]
        return partition + random.pick(values)
    }

    public mutating func pipeline() -> String {
        var text = ""
        for _ in 0..<random.below(4) { text += " " + stage() }
        return text
    }

    private mutating func stage() -> String {
        switch random.below(isPlain ? 8 : 15) {
        case 0, 1:
            let op = random.pick(["|=", "!="])
            return "\(op) \"\(random.pick(["GET", "/a", "error"]))\""
        case 2, 3: return "| json"
        case 4, 5: return "| " + labelFilter(2)
        case 6: return "| drop " + selections()
        case 7: return "| keep " + selections()
        case 8: return random.pick(["|~ `a.c|d`", #"!~ "^\\d+""#, #"|> "<_> done <_>""#])
        case 9: return #"| logfmt --strict h, dur="d""#
        case 10: return "| line_format `{{ .h }} {{ if .v }}{{ .v | ToUpper }}{{ end }}`"
        case 11: return "| label_format host=h, both=\"{{.h}}-{{.pod}}\""
        case 12: return #"|= "a" or ip("10.0.0.0/8")"#
        case 13:
            return "| " + random.pick(["decolorize", "unpack", "logfmt", "pattern `<ip> <_>`"])
        default: return #"| regexp "(?P<ip>\\S+) (?P<method>\\w+)""#
        }
    }

    private mutating func selections() -> String {
        let names = ["app", "env", "pod", "level", "h", "v", partition, "\(partition)_extracted"]
        var chosen = random.some(names, oneIn: 3)
        if chosen.isEmpty { chosen = [random.pick(names)] }
        if random.oneIn(4) { chosen.append(#"level="info""#) }
        if random.oneIn(6) { chosen.append(partitionMatcher()) }
        return chosen.joined(separator: ", ")
    }

    private mutating func labelFilter(_ depth: Int) -> String {
        if depth > 0, random.oneIn(3) {
            let op = random.pick([" and ", " or ", ", ", " "])
            let (left, right) = (labelFilter(depth - 1), labelFilter(depth - 1))
            return random.oneIn(2) ? "(\(left)\(op)\(right))" : "\(left)\(op)\(right)"
        }
        switch random.below(isPlain ? 7 : 10) {
        case 0: return #"level="\#(random.pick(["info", "error"]))""#
        case 1: return #"h!="h1""#
        case 2: return "v \(random.pick([">", ">=", "<", "==", "!="])) \(random.below(5))"
        case 3: return #"pod=~"p1|p2""#
        case 4, 5: return partitionMatcher()
        case 6: return "\(partition)_extracted=\"\(random.pick(["cart", "", "pay"]))\""
        case 7: return "d > 1h30m"
        case 8: return #"size <= 1.5MB"#
        default: return #"addr != ip("192.168.0.0/16")"#
        }
    }

    // MARK: - Numbers

    /// A query for numbers, so many levels high at most.
    public mutating func numbers(_ depth: Int) -> String {
        guard depth > 0 else { return range() }
        switch random.below(13) {
        case 0, 1: return range()
        case 2...5: return aggregation(depth)
        case 6: return ranked(depth)
        case 7, 8, 9: return joined(depth)
        case 10:
            let op = random.pick(["+", "-", "*", "/", "%", ">", "<=", "== bool", "> bool"])
            let number = random.pick(["2", "0", "1.5", "-1"])
            let inner = numbers(depth - 1)
            return random.oneIn(3) ? "\(number) \(op) (\(inner))" : "(\(inner)) \(op) \(number)"
        case 11:
            let inner = numbers(depth - 1)
            return "(\(inner)) or vector(\(random.below(3)))"
        default:
            let inner = numbers(depth - 1)
            return
                #"label_replace(\#(inner), "n", "a-$1", "\#(random.pick(["pod", "h"]))", "(.).*")"#
        }
    }

    private mutating func grouping() -> String {
        let names = ["app", "env", "pod", "level", "h", "\(partition)_extracted"]
        var chosen = random.some(names, oneIn: 3)
        if random.oneIn(3) { chosen.append(partition) }
        return "\(random.pick(["by", "by", "without"])) (\(chosen.joined(separator: ", ")))"
    }

    private mutating func aggregation(_ depth: Int) -> String {
        let op = random.pick(["sum", "sum", "count", "min", "max", "avg", "stddev", "stdvar"])
        let (grouping, inner) = (grouping(), numbers(depth - 1))
        switch random.below(4) {
        case 0: return "\(op)(\(inner))"
        case 1: return "\(op)(\(inner)) \(grouping)"
        default: return "\(op) \(grouping) (\(inner))"
        }
    }

    /// Under an aggregation that does not see which of equals was chosen.
    private mutating func ranked(_ depth: Int) -> String {
        let op = random.pick(["topk", "bottomk"])
        let (count, inner) = (1 + random.below(3), numbers(depth - 1))
        let by = random.oneIn(2) ? " \(grouping())" : ""
        return isPlain
            ? "\(random.pick(["sum", "count"]))(\(op)(\(count), \(inner)))"
            : "\(op)\(by) (\(count), \(inner))"
    }

    private mutating func joined(_ depth: Int) -> String {
        let (left, right) = (numbers(depth - 1), numbers(depth - 1))
        let by = random.pick(["app", "app, \(partition)", partition, ""])
        switch random.below(9) {
        case 0: return "(\(left)) / (\(left))"
        case 1: return "sum by (\(by)) (\(left)) / on (\(by)) sum by (\(by)) (\(right))"
        case 2: return "(\(left)) \(random.pick(["and", "or", "unless"])) (\(right))"
        case 3, 4, 5:
            return "(\(left)) \(random.pick(["and", "unless"])) on (\(by)) (\(right))"
        case 6:
            return "sum by (h, \(partition)) (\(left)) > on (\(partition)) group_left () "
                + "avg by (\(partition)) (\(right))"
        default:
            return "count by (app, level) (\(left)) * ignoring (level) group_left "
                + "max by (app) (\(right))"
        }
    }

    private mutating func range() -> String {
        let window = random.pick(["[16s]", "[64s]", "[32s] offset 10s"])
        let query = selector() + pipeline()
        switch random.below(14) {
        case 0...3:
            let op = random.pick(["count_over_time", "rate", "bytes_over_time", "bytes_rate"])
            return "\(op)(\(query) \(window))"
        case 4:
            return "absent_over_time(\(query) \(window))"
        case 5, 6:
            let op = random.pick(["sum_over_time", "rate"])
            return "\(op)(\(query) | json | unwrap v \(window))"
        case 7...9:
            let op = random.pick(["min_over_time", "max_over_time", "avg_over_time"])
            return "\(op)(\(query) | json | unwrap v \(window)) \(grouping())"
        case 10:
            let filter = isPlain ? #"level="info""# : #"__error__="""#
            return "avg_over_time(\(query) | json | unwrap v | \(filter) \(window)) \(grouping())"
        case 11:
            let op = random.pick(["first", "last", "stdvar", "stddev"])
            return "\(op)_over_time(\(query) | json | unwrap v \(window)) by (\(partition), app)"
        case 12 where !isPlain:
            let unwrap = random.pick(["duration(d)", "bytes(size)", "duration_seconds(d)"])
            return "sum_over_time(\(query) | logfmt | unwrap \(unwrap) \(window))"
        default:
            return "quantile_over_time(0.5, \(query) | json | unwrap v \(window)) \(grouping())"
        }
    }
}
