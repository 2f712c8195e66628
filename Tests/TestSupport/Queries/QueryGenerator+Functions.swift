/// Functions of vectors and ranges.
extension QueryGenerator {
    public mutating func rangeFunction(_ depth: Int) -> QueryNode {
        if let blended = profile.blended, random.oneIn(6) {
            let range = random.oneIn(4) ? matrix(depth) : range(of: blended)
            let function = random.pick(profile.numberFunctions)
            return function == "quantile_over_time"
                ? "\(function)(0.5, \(range))" : "\(function)(\(range))"
        }
        let range = matrix(depth)
        switch isOfHistograms ? 9 : random.below(24) {
        case 0, 1:
            let quantile: QueryNode =
                isJudged && random.oneIn(2)
                ? scalar(depth - 1)
                : constant(["0", "0.25", "0.5", "0.9", "1", "1.5", "-1"])
            return "quantile_over_time(\(quantile), \(range))"
        case 2:
            let horizon: QueryNode =
                isJudged && random.oneIn(2)
                ? scalar(depth - 1) : constant(["60", "-30", "3600"])
            return "predict_linear(\(range), \(horizon))"
        case 3, 4:
            guard let name = profile.smoothing else { fallthrough }
            let smoothing = random.pick(["0.3", "0.01", "0.99"])
            return "\(name)(\(range), \(smoothing), \(random.pick(["0.6", "0.1"])))"
        default: return "\(random.pick(profile.rangeFunctions))(\(range))"
        }
    }

    public mutating func elementwise(_ depth: Int) -> QueryNode {
        let inner = numbers(depth - 1)
        switch random.below(isOfHistograms ? 5 : 10) {
        case 0: return "timestamp(\(inner))"
        case 1:
            let limit = isOfHistograms ? constant(["10"]) : scalar(depth - 1)
            return "clamp_max(\(inner), \(limit))"
        case 5: return "-(\(inner))"
        case 6:
            let (low, high) = (scalar(0), scalar(depth - 1))
            return "clamp(\(inner), \(low), \(high))"
        case 7: return "round(\(inner), \(random.pick(["1", "0.5", "5", "0.1"])))"
        case 8: return "clamp_min(\(inner), \(random.pick(["0", "-1", "2.5", "50", "time()"])))"
        default: return "\(random.pick(profile.elementwise))(\(inner))"
        }
    }

    public mutating func labelFunction(_ depth: Int) -> QueryNode {
        let words = profile.labelFunctions
        let inner = vector(depth - 1)
        let (target, source) = (random.pick(words.targets), random.pick(words.sources))
        if random.oneIn(3) {
            let other = random.pick(words.others)
            return "label_join(\(inner), \"\(target)\", \"-\", \"\(source)\", \"\(other)\")"
        }
        let replacement = random.pick(words.replacements)
        let pattern = random.pick(words.patterns)
        return
            "label_replace(\(inner), \"\(target)\", \"\(replacement)\", \"\(source)\", \"\(pattern)\")"
    }

    public mutating func absence(_ depth: Int) -> QueryNode {
        switch random.below(profile.absent.isEmpty ? 6 : 10) {
        case 0:
            let inner = vector(depth - 1)
            return "absent(\(inner))"
        case 1:
            let inner = selector()
            return "absent(\(inner))"
        case 2, 5:
            let range = matrix(depth)
            return "absent_over_time(\(range))"
        case 3:
            let inner = vector(depth - 1)
            return "(\(inner)) or absent(\(inner))"
        case 4:
            let inner = selector()
            return "sum(absent(\(inner)))"
        default: return "\(filled(random.pick(profile.absent)))"
        }
    }

    public mutating func sorted(_ depth: Int) -> QueryNode {
        let inner = numbers(depth - 1)
        guard !isOfHistograms, profile.features.contains(.release35), random.oneIn(2) else {
            return "\(random.pick(["sort", "sort_desc"]))(\(inner))"
        }
        let names = random.pick([
            "\"job\"", "\"project\"", "\"instance\", \"project\"",
            "\"exported_project\", \"a\"",
        ])
        return "\(random.pick(["sort_by_label", "sort_by_label_desc"]))(\(inner), \(names))"
    }

    public mutating func vectorOfScalar(_ depth: Int) -> QueryNode {
        guard isOfHistograms || random.oneIn(3) else {
            let inner = scalar(depth - 1)
            return "vector(\(inner))"
        }
        let inner = vector(depth - 1)
        return "vector(scalar(\(inner)))"
    }

    /// A subquery over what crosses members, on its own grid.
    public mutating func subquery(_ depth: Int) -> QueryNode {
        let function = random.pick(profile.subqueryFunctions)
        let inner = usual(depth - 1)
        let (grid, shift) = (grid(), shift())
        let first = function == "quantile_over_time" ? "0.7, " : ""
        return "\(function)(\(first)(\(inner))[\(grid)]\(shift))"
    }

    public mutating func quantileOfBuckets(_: Int) -> QueryNode {
        let quantile = random.pick(["0", "0.5", "0.9", "0.99", "1", "-1", "2"])
        let (braces, range) = (braces(), random.pick(["2m", "5m"]))
        let inner: QueryNode =
            switch random.below(7) {
            case 0: "latency_bucket\(braces)"
            case 1: "sum by (le) (latency_bucket\(braces))"
            case 2: "sum by (le, job) (rate(latency_bucket\(braces)[\(range)]))"
            case 3: "sum by (le, project) (increase(latency_bucket\(braces)[\(range)]))"
            case 4: "sum without (instance, project) (latency_bucket\(braces))"
            case 5: "sum without (instance) (latency_bucket\(braces))"
            default: "rate(latency_bucket\(braces)[\(range)])"
            }
        return "histogram_quantile(\(quantile), \(inner))"
    }

    /// `info` over series whose target is known in one member, in several, or in none.
    public mutating func information(_: Int) -> QueryNode {
        let name = random.pick(profile.informed)
        let (braces, shift) = (braces(), random.pick(profile.informedShifts))
        if isJudged, random.oneIn(3) {
            let member = random.pick(profile.members)
            return "info(\(name){project=\"\(member)\"}, {project=\"\(member)\"})"
        }
        let base: QueryNode =
            name.hasSuffix("_total") && random.oneIn(2)
            ? "rate(\(name)\(braces)[\(random.pick(["2m", "5m"]))])" : "\(name)\(braces)\(shift)"
        return random.oneIn(3)
            ? "info(\(base))" : "info(\(base), \(random.pick(profile.informedBy)))"
    }

    /// Small things by the way.
    public mutating func odd(_ depth: Int) -> QueryNode {
        if random.oneIn(2) { return "count by (__name__) (\(filled("{project=\"<member>\"}")))" }
        let inner = vector(depth - 1)
        return "max(\(inner)) < \(random.pick(["6", "20", "100"]))"
    }
}
