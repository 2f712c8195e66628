/// A version of PromQL, which is that of the Prometheus server that brought it.
public struct LanguageVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var major: Int
    public var minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    public static func < (lhs: LanguageVersion, rhs: LanguageVersion) -> Bool {
        (lhs.major, lhs.minor) < (rhs.major, rhs.minor)
    }

    public var description: String { "\(major).\(minor)" }
}

extension Function {
    /// The first version that knows the function, behind a flag or not.
    public var introduced: LanguageVersion {
        switch self {
        case .abs, .absent, .avgOverTime, .ceil, .changes, .clampMax, .clampMin, .countOverTime,
            .dayOfMonth, .dayOfWeek, .daysInMonth, .delta, .deriv, .exp, .floor,
            .histogramQuantile, .holtWinters, .hour, .idelta, .increase, .irate, .labelJoin,
            .labelReplace, .ln, .log10, .log2, .maxOverTime, .minOverTime, .minute, .month,
            .predictLinear, .quantileOverTime, .rate, .resets, .round, .scalar, .sort, .sortDesc,
            .sqrt, .stddevOverTime, .stdvarOverTime, .sumOverTime, .time, .timestamp, .vector,
            .year:
            LanguageVersion(2, 0)
        case .absentOverTime: LanguageVersion(2, 16)
        case .clamp, .lastOverTime, .sgn: LanguageVersion(2, 26)
        case .presentOverTime: LanguageVersion(2, 29)
        case .acos, .acosh, .asin, .asinh, .atan, .atanh, .cos, .cosh, .deg, .pi, .rad, .sin,
            .sinh, .tan, .tanh:
            LanguageVersion(2, 31)
        case .dayOfYear: LanguageVersion(2, 37)
        case .histogramCount, .histogramFraction, .histogramSum: LanguageVersion(2, 40)
        case .histogramStddev, .histogramStdvar: LanguageVersion(2, 47)
        case .madOverTime, .sortByLabel, .sortByLabelDesc: LanguageVersion(2, 49)
        case .histogramAvg: LanguageVersion(2, 51)
        case .doubleExponentialSmoothing, .info: LanguageVersion(3, 0)
        case .tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime: LanguageVersion(3, 5)
        case .firstOverTime, .tsOfFirstOverTime: LanguageVersion(3, 7)
        case .end, .histogramQuantiles, .maxOf, .minOf, .range, .start, .startTimestamp, .step:
            LanguageVersion(3, 8)
        }
    }

    /// The last version line that knows the function; nil while it is known.
    public var removed: LanguageVersion? {
        switch self {
        case .holtWinters: LanguageVersion(3, 0)
        default: nil
        }
    }
}

extension Expression {
    /// Whether a member's version decides what text it is sent for this.
    public var dependsOnVersion: Bool {
        var depends = false
        forEach { node in
            switch node {
            case .call(let call):
                switch call.function {
                case .holtWinters, .doubleExponentialSmoothing: depends = true
                case .absent, .absentOverTime: depends = true
                default: break
                }
            case .vectorSelector(let selector): depends = depends || selector.isNameQuoted
            default: break
            }
        }
        return depends
    }

    /// Whether it calls a function.
    public func calls(_ function: Function) -> Bool {
        var calls = false
        forEach { node in
            if case .call(let call) = node, call.function == function { calls = true }
        }
        return calls
    }

    /// The same in a version's own words: functions by the names they have there, and metric names
    /// of any characters as matchers where names in quotes are not known.
    public func worded(for version: LanguageVersion) -> Expression {
        let isOld = version < LanguageVersion(3, 0)
        return transformed { node in
            switch node {
            case .call(var call):
                switch call.function {
                case .holtWinters where !isOld: call.function = .doubleExponentialSmoothing
                case .doubleExponentialSmoothing where isOld: call.function = .holtWinters
                default: return node
                }
                return .call(call)
            case .vectorSelector(var selector) where isOld && selector.isNameQuoted:
                // The matcher on the name is among the others.
                selector.name = nil
                return .vectorSelector(selector)
            default: return node
            }
        }
    }
}

extension VectorSelector {
    /// Whether the metric name can only be written in quotes.
    fileprivate var isNameQuoted: Bool { name.map { !Vocabulary.isBareMetricName($0) } ?? false }
}
