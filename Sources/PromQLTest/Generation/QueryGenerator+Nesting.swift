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
