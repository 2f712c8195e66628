import TestSupport

/// What goes wrong only in company: grids inside grids, label writing inside joins, and what only
/// a flag of Prometheus 3.x allows.
extension QueryGenerator {
    mutating func nested(_ depth: Int) -> String {
        switch Int.random(in: 0..<(features.contains(.version3) ? 8 : 7), using: &random) {
        case 0:
            let inner = random.pick(["sum", "avg", "count", "max"]) + grouping()
            return
                "max_over_time(sum_over_time((\(inner)(\(selector())))[1m:15s])[2m:30s]\(shift()))"
        case 1:
            return
                "avg_over_time((\(vector(depth - 1)))[2m:\(random.pick(["30s", "7s"]))] @ end() offset -30s)"
        case 2:
            return
                "sum by (project) (label_join(\(selector()), \"project\", \"-\", \"job\", \"project\"))"
        case 3:
            return
                "max by (project, job) (label_replace(\(selector()), \"project\", \"x-$1\", \"project\", \"(.).*\"))"
        case 4:
            return
                "sum by (job) (\(selector())) * on (job) group_left (project) limit{project=\"\(random.pick(members))\"}"
        case 5:
            return
                "count(count by (\(random.pick(["instance", "job", "project", "code"]))) (\(selector())))"
        case 6:
            return
                "rate((sum by (job) (requests_total\(braces())))[3m:\(random.pick(["", "30s"]))] offset -15s)"
        default:
            return
                "sort_by_label(\(vector(depth - 1)), \"\(random.pick(["project", "instance"]))\")"
        }
    }

    /// `info` in one of its forms.
    mutating func information() -> String {
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            let shift = random.pick(["", "", " offset 1m", " offset -30s", " @ 300", " @ start()"])
            return "info(temperature\(braces())\(shift))"
        case 1: return "info(rate(requests_total\(braces())[2m]), {version=~\".+\"})"
        default:
            let project = random.pick(members)
            return "info(temperature{project=\"\(project)\"}, {project=\"\(project)\"})"
        }
    }

    mutating func experimental(_ depth: Int) -> String {
        let window = random.pick(["1m", "2m", "97s"])
        let name = random.pick(["requests_total", "temperature", "memory"]) + braces()
        switch Int.random(in: 0..<13, using: &random) {
        case 0...2: return information()
        case 3: return "\(random.pick(["rate", "increase", "delta"]))(\(name)[\(window)] anchored)"
        case 4: return "\(random.pick(["rate", "increase", "delta"]))(\(name)[\(window)] smoothed)"
        case 5:
            return
                "(sum by (job) (\(selector()))) \(random.pick(["+", "-", ">"])) fill (0) (sum by (job) (\(selector())))"
        case 6:
            return
                "(sum by (job, project) (\(selector()))) + fill_left (\(random.pick(["1", "-2"]))) (sum by (job, project) (\(selector())))"
        case 7: return "rate(requests_total[1m + step()])"
        case 8:
            return
                "histogram_quantiles(\(random.pick(["durations", "sum(rate(durations[2m]))", "latency_bucket"])), \"\(random.pick(["q", "project"]))\", 0.5, 0.9)"
        case 9:
            return "durations\(braces()) \(random.pick(["</", ">/"])) \(random.pick(["1", "0.5"]))"
        case 10: return "sum by (job) (durations \(random.pick(["</", ">/"])) 2)"
        case 11:
            return
                "sum by (version) (last_over_time(info(temperature\(braces()) > 0)[2m:30s] offset 10s))"
        default: return "(time() - start()) + sum(\(vector(depth - 1)))"
        }
    }
}

/// Native histograms, alone and where floats stand among them.
extension QueryGenerator {
    mutating func histogram(_ depth: Int) -> String {
        let inner = histograms(depth)
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2:
            return "histogram_quantile(\(random.pick(["0.5", "0.9", "0", "1"])), \(inner))"
        case 3...6:
            let name = random.pick(["avg", "count", "sum", "stddev", "stdvar"])
            return "histogram_\(name)(\(inner))"
        case 7: return "histogram_fraction(\(random.pick(["0, 1", "-Inf, 2"])), \(inner))"
        case 8: return "\(inner) \(random.pick(["*", "/", "+"])) \(scalar(0))"
        case 9: return "\(inner) \(random.pick(["+", "-"])) on (job) (\(histograms(0)))"
        default: return inner
        }
    }

    /// A vector of native histograms, sometimes with floats.
    private mutating func histograms(_ depth: Int) -> String {
        let name = random.pick(["durations", "durations", "durations", "mixed"])
        let selector = name + braces()
        let window = random.pick(["1m", "2m", "97s"])
        let plain =
            switch Int.random(in: 0..<6, using: &random) {
            case 0...1: selector
            case 2: "rate(\(selector)[\(window)])"
            case 3: "increase(\(selector)[\(window)]\(shift()))"
            default:
                "\(random.pick(["sum", "avg", "last"]))_over_time(\(selector)[\(window)])"
            }
        guard depth > 0, !random.oneIn(4) else { return plain }
        return "\(random.pick(["sum", "sum", "avg", "count", "max"]))\(grouping())(\(plain))"
    }
}

/// `topk`, `bottomk` and `limitk`, whose choice among equals is not promised: they stand at
/// the root, where a comparison can allow for it, or under an aggregation that does not see which
/// of the equals was chosen.
extension QueryGenerator {
    mutating func ranked(_ depth: Int) -> String {
        ranked(depth, grouping: grouping())
    }

    /// The groups of the outer aggregation are those of the inner one, or all together.
    mutating func rankedAndReduced(_ depth: Int) -> String {
        let grouping = grouping()
        let outer = random.oneIn(3) ? " " : grouping
        return "\(random.pick(["sum", "max", "min", "count"]))\(outer)"
            + "(\(ranked(depth, grouping: grouping)))"
    }

    private mutating func ranked(_ depth: Int, grouping: String) -> String {
        let op = random.pick(["topk", "bottomk"])
        let inner = vector(depth - 1)
        let count = parameter(
            ["1", "2", "3", "0", "1000"], orVarying: "scalar(count(limit))", for: inner)
        return "\(op)\(grouping)(\(count), \(inner))"
    }
}
