import TestSupport

extension QueryGenerator {
    /// Functions and aggregations behind `promql-experimental-functions`.
    mutating func experimental(_ depth: Int) -> QueryNode {
        switch random.below(10) {
        case 0, 1:
            let range = matrix(depth)
            let (smoothing, trend) = (
                random.pick(["0.3", "0.01", "0.99"]), random.pick(["0.6", "0.1"])
            )
            return "double_exponential_smoothing(\(range), \(smoothing), \(trend))"
        case 2...4:
            let name = random.pick([
                "mad_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
                "ts_of_last_over_time",
            ])
            let range = matrix(depth)
            return "\(name)(\(range))"
        case 5:
            let ratio = random.pick(["0.5", "-0.3", "1", "0", "0.9", "-1", "2"])
            let (grouping, inner) = (grouping(), vector(depth - 1))
            return "limit_ratio\(grouping) (\(ratio), \(inner))"
        case 6, 7:
            // Which series are kept is left to chance by Prometheus itself: how many, is not.
            let (grouping, inner) = (grouping(), vector(depth - 1))
            let count = random.pick(["1", "2", "5", "0", "100", "-1"])
            return "count\(grouping) (limitk\(grouping) (\(count), \(inner)))"
        case 8 where features.contains(.information): return information()
        default:
            let inner = vector(depth - 1)
            let names = random.pick([
                "\"job\"", "\"project\"", "\"instance\", \"project\"",
                "\"exported_project\", \"a\"",
            ])
            return "\(random.pick(["sort_by_label", "sort_by_label_desc"]))(\(inner), \(names))"
        }
    }

    /// `info` over series whose target is known in one member, in several, or in none.
    private mutating func information() -> QueryNode {
        let braces = braces()
        let base: QueryNode =
            random.oneIn(3)
            ? "rate(ticks_total\(braces)[5m])" : "\(random.pick(["ticks_total", "up"]))\(braces)"
        switch random.below(4) {
        case 0: return "info(\(base), {version=~\".+\"})"
        case 1: return "info(\(base), {cluster_name=~\"k.*\", version!=\"v1\"})"
        case 2: return "info(\(base), {__name__=\"target_info\"})"
        default: return "info(\(base))"
        }
    }

    /// Names in quotes, those that need them included, and durations as numbers.
    mutating func inQuotes(_ depth: Int) -> QueryNode {
        let member = random.pick(FederationData.members)
        let matchers = random.pick([
            "", ", \"service.name\"=\"api\"", ", \"service.name\"!~\"d.\"",
            ", project=\"\(member)\"", ", \"project.id\"=\"p1\"", ", \"job\"=\"api\"",
            ", \"project\"!=\"\(member)\"",
        ])
        let braces = QueryNode(.option, [.text(matchers)])
        let shift = shift(orAt: true)
        let selected: QueryNode = "{\"http.server.duration\"\(braces)}\(shift)"
        switch random.below(9) {
        case 0: return "{\"temperature\"\(braces)}\(shift)"
        case 1: return "rate({\"http.server.duration\"\(braces)}[\(random.pick(["300", "90.5"]))])"
        case 2:
            let label = random.pick(["service.name", "project.id", "job", "project"])
            return "\(random.pick(["sum", "max", "count"])) by (\"\(label)\", job) (\(selected))"
        case 3: return "sum without (\"service.name\", \"project.id\") (\(selected))"
        case 4:
            let target = random.pick(["project.id", "new.name", "project"])
            return
                "label_replace(\(selected), \"\(target)\", \"$1-x\", \"service.name\", \"(.*)\")"
        case 5:
            return
                "\(selected) * on (\"service.name\", project) group_left (\"project.id\") \(selected)"
        case 6: return "count_values(\"value.of\", round({\"http.server.duration\"\(braces)}, 100))"
        case 7: return "{__name__=~\"http.*|temp.*\"\(braces)}"
        default: return selected
        }
    }

    /// A range in seconds or as an expression, or one that every version knows.
    mutating func duration(_ known: [String]) -> String {
        guard features.contains(.version3), random.oneIn(6) else { return random.pick(known) }
        let plain = ["300", "90", "61.5"]
        return random.pick(
            features.contains(.experimental)
                ? plain + ["1m + 30s", "2m * 2", "(10m - 1m) / 3", "2^7"] : plain)
    }
}
