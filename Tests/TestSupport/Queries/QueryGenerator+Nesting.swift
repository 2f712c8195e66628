/// What goes wrong only in company, and what only some releases know.
extension QueryGenerator {
    /// Grids inside grids, label writing inside joins.
    public mutating func nested(_ depth: Int) -> QueryNode {
        switch random.below(7) {
        case 0:
            let op = random.pick(["sum", "avg", "count", "max"])
            let (grouping, inner, shift) = (grouping(), selector(), shift())
            return
                "max_over_time(sum_over_time((\(op)\(grouping) (\(inner)))[1m:15s])[2m:30s]\(shift))"
        case 1:
            let inner = vector(depth - 1)
            return
                "avg_over_time((\(inner))[2m:\(random.pick(["30s", "7s"]))] @ end() offset -30s)"
        case 2:
            let inner = selector()
            return
                "sum by (project) (label_join(\(inner), \"project\", \"-\", \"job\", \"project\"))"
        case 3:
            let inner = selector()
            return
                "max by (project, job) (label_replace(\(inner), \"project\", \"x-$1\", \"project\", \"(.).*\"))"
        case 4:
            let inner = selector()
            let limit = filled("\(profile.limit){project=\"<member>\"}")
            return "sum by (job) (\(inner)) * on (job) group_left (project) \(limit)"
        case 5:
            let inner = selector()
            let label = random.pick(["instance", "job", "project", "code"])
            return "count(count by (\(label)) (\(inner)))"
        default:
            let (braces, step) = (braces(), random.pick(["", "30s"]))
            return "rate((sum by (job) (requests_total\(braces)))[3m:\(step)] offset -15s)"
        }
    }

    /// What releases after 3.5 know, most of it behind flags.
    public mutating func later(_ depth: Int) -> QueryNode {
        let window = random.pick(["1m", "2m", "97s"])
        let (name, braces) = (random.pick(["requests_total", "temperature", "memory"]), braces())
        switch random.below(11) {
        case 0:
            let function = random.pick(["rate", "increase", "delta"])
            return "\(function)(\(name)\(braces)[\(window)] anchored)"
        case 1:
            let function = random.pick(["rate", "increase", "delta"])
            return "\(function)(\(name)\(braces)[\(window)] smoothed)"
        case 2:
            let (left, right) = (selector(), selector())
            return
                "(sum by (job) (\(left))) \(random.pick(["+", "-", ">"])) fill (0) (sum by (job) (\(right)))"
        case 3:
            let (left, right) = (selector(), selector())
            return
                "(sum by (job, project) (\(left))) + fill_left (\(random.pick(["1", "-2"]))) (sum by (job, project) (\(right)))"
        case 4: return "rate(requests_total[1m + step()])"
        case 5:
            let inner = random.pick(["durations", "sum(rate(durations[2m]))", "latency_bucket"])
            return
                "histogram_quantiles(\(inner), \"\(random.pick(["q", "project"]))\", 0.5, 0.9)"
        case 6:
            return "durations\(braces) \(random.pick(["</", ">/"])) \(random.pick(["1", "0.5"]))"
        case 7: return "sum by (job) (durations \(random.pick(["</", ">/"])) 2)"
        case 8:
            return
                "sum by (version) (last_over_time(info(temperature\(braces) > 0)[2m:30s] offset 10s))"
        case 9:
            let range = matrix(depth)
            return "first_over_time(\(range))"
        default:
            let inner = vector(depth - 1)
            return "(time() - start()) + sum(\(inner))"
        }
    }

    /// Names in quotes, those that need them included.
    public mutating func inQuotes(_: Int) -> QueryNode {
        let matchers = random.pick([
            "", ", \"service.name\"=\"api\"", ", \"service.name\"!~\"d.\"",
            ", project=\"<member>\"", ", \"project.id\"=\"p1\"", ", \"job\"=\"api\"",
            ", \"project\"!=\"<member>\"",
        ])
        let (braces, shift) = (option(filled(matchers)), shift())
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
}
