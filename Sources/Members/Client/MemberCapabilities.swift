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
    /// What calls itself otherwise than Prometheus, as Mimir does, or is known to be something else.
    public var application: String?

    public init(version: String? = nil, application: String? = nil) {
        self.version = version
        self.application = application
    }

    private enum Lineage { case prometheus, mimir, other }

    /// Whose versions are counted. Prometheus never told a version 0; Thanos tells no other.
    private var lineage: Lineage {
        if let application { return application.contains("Mimir") ? .mimir : .other }
        return major == 0 ? .other : .prometheus
    }

    /// The first number of the version.
    public var major: Int? {
        guard let version else { return nil }
        return Int(version.drop { !$0.isNumber }.prefix { $0.isNumber })
    }

    /// Members that do not say are taken for current ones, and so are those whose versions do not
    /// tell whose language they speak. Mimir has that of Prometheus 3 since 2.15.
    public var rangeBoundary: RangeBoundary {
        guard let major, major < 3 else { return .leftOpen }
        switch lineage {
        case .prometheus: return .closed
        case .mimir: return major < 2 || (minor ?? 0) < 15 ? .closed : .leftOpen
        case .other: return .leftOpen
        }
    }

    /// The version of Prometheus whose language the member speaks; nil where its version does not
    /// tell. Of Mimir only the line is known.
    public var language: (major: Int, minor: Int)? {
        guard let major else { return nil }
        switch lineage {
        case .prometheus: return (major, minor ?? 0)
        case .mimir: return rangeBoundary == .closed ? (2, 55) : (3, 0)
        case .other: return nil
        }
    }

    private var minor: Int? {
        guard let version else { return nil }
        return Int(version.drop { $0 != "." }.dropFirst().prefix { $0.isNumber })
    }

    /// Whether native histograms can have custom buckets there: up to 2.50 there were none.
    /// Members that do not say may have them.
    public var hasCustomBuckets: Bool {
        guard lineage == .prometheus, let major, major < 3 else { return true }
        return (minor ?? .max) > 50
    }

    /// Whether label names of any characters can stand in a path in their escaped form.
    public var hasEscapedLabelNames: Bool { major.map { $0 >= 3 } ?? true }
}
