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
