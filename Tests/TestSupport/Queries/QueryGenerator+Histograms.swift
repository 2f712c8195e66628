/// Native histograms, alone and where floats stand among them.
extension QueryGenerator {
    /// What is nearly always histograms.
    public mutating func histograms(_ depth: Int) -> QueryNode {
        switch depth <= 0 ? 0 : random.below(6) {
        case 0:
            let metric = random.pick(profile.histograms)
            let (braces, shift) = (braces(of: metric), shift())
            return "\(metric)\(braces)\(shift)"
        case 1, 2:
            let range = range(of: random.pick(profile.histograms))
            return "\(random.pick(["rate", "increase", "delta"]))(\(range))"
        case 3:
            let range = range(of: random.pick(profile.histograms))
            return "\(random.pick(["sum", "avg", "last"]))_over_time(\(range))"
        default:
            let (grouping, inner) = (grouping(), histograms(depth - 1))
            return "\(random.pick(["sum", "sum", "avg"]))\(grouping) (\(inner))"
        }
    }

    /// Numbers out of histograms.
    public mutating func ofHistograms(_ depth: Int) -> QueryNode {
        let inner = histograms(depth - 1)
        switch random.below(9) {
        case 0...2:
            return "histogram_quantile(\(random.pick(["0.5", "0.9", "0", "1", "0.01"])), \(inner))"
        case 3:
            let bounds = random.pick(["0, 1", "-Inf, 0.3", "0.2, 7", "-Inf, 2"])
            return "histogram_fraction(\(bounds), \(inner))"
        default:
            let name = random.pick(["avg", "count", "sum", "stddev", "stdvar"])
            return "histogram_\(name)(\(inner))"
        }
    }

    public mutating func arithmeticOfHistograms(_ depth: Int) -> QueryNode {
        let left = histograms(depth - 1)
        switch random.below(11) {
        case 0: return "-(\(left))"
        case 1, 2:
            return "(\(left)) \(random.pick(["*", "/"])) \(random.pick(["2", "-1", "0", "4"]))"
        case 3: return "2 \(random.pick(["*", "/", "+"])) (\(left))"
        case 4: return "(\(left)) \(random.pick(["+", "-", "^", "%"])) 2"
        case 5:
            let right = histograms(depth - 1)
            return "(\(left)) * on (job) group_left () count by (job) (\(right))"
        case 6:
            let (op, right) = (random.pick(["+", "-"]), histograms(depth - 1))
            return "sum by (job) (\(left)) \(op) sum by (job) (\(right))"
        case 7:
            let op = random.pick(["+", "-", "/", "*"])
            let right = filled("\(profile.histograms[0]){project=\"<member>\"}")
            return "(\(left)) \(op) on (job, instance) \(right)"
        case 8 where isJudged:
            let right = histograms(0)
            return "(\(left)) \(random.pick(["+", "-"])) on (job) (\(right))"
        case 9 where isJudged:
            let right = scalar(0)
            return "(\(left)) \(random.pick(["*", "/", "+"])) \(right)"
        default:
            let (op, right) = (random.pick(["+", "-"]), histograms(depth - 1))
            return "(\(left)) \(op) (\(right))"
        }
    }

    public mutating func comparisonOfHistograms(_ depth: Int) -> QueryNode {
        let op = random.pick(["==", "!=", ">", "<=", "== bool", "!= bool", "> bool"])
        let left = histograms(depth - 1)
        switch random.below(4) {
        case 0: return "(\(left)) \(op) 3"
        case 1:
            let right = histograms(depth - 1)
            return "sum by (job) (\(left)) \(op) sum by (job) (\(right))"
        case 2: return "(\(left)) \(op) (\(left))"
        default:
            let right = histograms(depth - 1)
            return "(\(left)) \(op) (\(right))"
        }
    }
}
