/// What the version of a member says about its answers.
public struct MemberCapabilities: Sendable, Equatable {
    /// Which samples a range such as `[5m]` at `t` holds.
    public enum RangeBoundary: Sendable, Equatable {
        /// `(t-5m, t]`, as from Prometheus 3.0 on.
        case leftOpen
        /// `[t-5m, t]`, as up to Prometheus 2.x.
        case closed
    }

    /// As `status/buildinfo` gives it; nil when the member does not say.
    public var version: String?

    public init(version: String? = nil) { self.version = version }

    /// The first number of the version.
    public var major: Int? {
        guard let version else { return nil }
        return Int(version.drop { !$0.isNumber }.prefix { $0.isNumber })
    }

    /// Members that do not say are taken for current ones.
    public var rangeBoundary: RangeBoundary {
        guard let major, major < 3 else { return .leftOpen }
        return .closed
    }

    /// Whether native histograms can have custom buckets there: up to 2.50 there were none.
    /// Members that do not say may have them.
    public var hasCustomBuckets: Bool {
        guard let version, let major, major < 3 else { return true }
        let minor = version.drop { $0 != "." }.dropFirst().prefix { $0.isNumber }
        return (Int(minor) ?? .max) > 50
    }

    /// Whether label names of any characters can stand in a path in their escaped form.
    public var hasEscapedLabelNames: Bool { major.map { $0 >= 3 } ?? true }
}
