import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// What the version of a member says about its answers.
public struct UpstreamCapabilities: Sendable, Equatable {
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

/// When a member is asked for its version. Pure.
struct CapabilityCache: Sendable {
    enum Action: Sendable, Equatable {
        /// Known, and new enough.
        case use(UpstreamCapabilities)
        /// Known, but old: use it and ask again in the background.
        case useAndRefresh(UpstreamCapabilities)
        /// Not known, and no request for it is under way.
        case ask
        /// Not known; a request for it is under way.
        case wait
    }

    static let freshFor = Duration.seconds(300)
    /// After a member did not answer.
    static let freshWhenSilentFor = Duration.seconds(1)

    /// What came of asking.
    enum Finding: Sendable, Equatable {
        case told(UpstreamCapabilities)
        /// An answer that tells no version: of a member without one, or of a proxy before a member
        /// that is away.
        case noVersion
        /// No answer.
        case silence
    }

    private(set) var value: UpstreamCapabilities?
    /// Whether `value` only stands in for an answer that the member never gave.
    private var isGuess = false
    private var freshUntil: MonotonicInstant?
    private var isAsking = false
    private var askedAt: MonotonicInstant?

    /// The caller who gets `ask` or `useAndRefresh` must call `learned`.
    mutating func action(at now: MonotonicInstant) -> Action {
        // A guess serves while it is fresh: a member that is back is not to be misjudged.
        let isFresh = freshUntil.map { now < $0 } ?? false
        guard let value, !isGuess || isFresh else {
            if isAsking { return .wait }
            isAsking = true
            askedAt = now
            return .ask
        }
        if isAsking || isFresh { return .use(value) }
        isAsking = true
        return .useAndRefresh(value)
    }

    /// A version stays known until the member tells another, also while the member is away.
    mutating func learned(_ finding: Finding, at now: MonotonicInstant) {
        isAsking = false
        freshUntil = now.advanced(
            by: finding == .silence ? Self.freshWhenSilentFor : Self.freshFor)
        switch finding {
        case .told(let found):
            isGuess = false
            value = found
        case .noVersion:
            isGuess = false
            if value?.version == nil { value = UpstreamCapabilities() }
        case .silence:
            isGuess = value == nil || isGuess
            value = value ?? UpstreamCapabilities()
        }
    }

    /// How long the present request has waited for the member's version without an answer.
    func waitedInVain(at now: MonotonicInstant) -> Duration {
        guard isGuess, let askedAt, let freshUntil, now < freshUntil else { return .zero }
        return askedAt.duration(to: now)
    }
}

extension UpstreamClient {
    /// How long asking for a version may take. The other half of the member's time is for the
    /// question that needs the version: both take one timeout's time together.
    private var versionPatience: Duration {
        min(.seconds(5), configuration.connection.timeout / 2)
    }

    /// How long a question may take that begins now.
    var timeForQuestion: Duration {
        let timeout = configuration.connection.timeout
        let waited = state.withLock { $0.capabilities.waitedInVain(at: .now) }
        return max(timeout - waited, timeout / 2)
    }

    /// The member's version and what follows from it: asked for once, then refreshed in the
    /// background. A member that never told one and does not answer within half of its timeout, five
    /// seconds at most, is taken for a current one, and asked again by the first query after a
    /// second. Members of kind `remoteCoroot` are never asked.
    ///
    /// - Parameter deadline: Ends the waiting, though not the asking: others may have more time.
    public func capabilities(
        deadline: ContinuousClock.Instant? = nil
    ) async -> UpstreamCapabilities {
        while true {
            if let known = capabilitiesAtHand() { return known }
            if let deadline, deadline <= .now { return UpstreamCapabilities() }
            // Rare, and only until the first answer.
            do { try await Task.sleep(for: .milliseconds(2)) } catch {
                return UpstreamCapabilities()
            }
        }
    }

    /// What `capabilities` returns without waiting; nil where the member must answer first, which is
    /// being asked then.
    public func capabilitiesAtHand() -> UpstreamCapabilities? {
        if case .remoteCoroot = configuration.source { return UpstreamCapabilities() }
        switch state.withLock({ $0.capabilities.action(at: .now) }) {
        case .use(let known): return known
        case .useAndRefresh(let known):
            Task { await self.refreshCapabilities() }
            return known
        case .ask:
            Task { await self.refreshCapabilities() }
            return nil
        case .wait: return nil
        }
    }

    /// What has been learned of the member's version so far, by whatever asked for it; nothing is
    /// asked here. Before the first answer it is what a member has that does not say.
    public var knownCapabilities: UpstreamCapabilities {
        state.withLock { $0.capabilities.value } ?? UpstreamCapabilities()
    }

    func refreshCapabilities() async {
        let deadline = ContinuousClock.now.advanced(by: versionPatience)
        var finding = CapabilityCache.Finding.silence
        do throws(UpstreamError) {
            let information = try await buildInformation(deadline: deadline, isAdvisory: true)
            var application = information["application"]
            if VictoriaMetrics.isDescribed(by: information) {
                application = VictoriaMetrics.name
                state.withLock { $0.isVictoriaMetrics = true }
            }
            let found = UpstreamCapabilities(
                version: information["version"], application: application)
            finding = found.version == nil && application == nil ? .noVersion : .told(found)
        } catch {
            switch error.kind {
            // Said for now, and says nothing of the version.
            case .http(408, _), .http(429, _): break
            // An answer too: there is no version to be had.
            case .http(let status, _) where status < 500: finding = .noVersion
            case .notPrometheus, .rejectedQuery, .exceeded, .loop: finding = .noVersion
            default: break
            }
        }
        let now = MonotonicInstant.now
        state.withLock { $0.capabilities.learned(finding, at: now) }
    }

    /// `status/buildinfo`: version, revision and so on, as the member names them.
    public func buildInfo(
        deadline: ContinuousClock.Instant? = nil
    ) async throws(UpstreamError) -> [String: String] {
        try await buildInformation(deadline: deadline, isAdvisory: false)
    }

    private func buildInformation(
        deadline: ContinuousClock.Instant?, isAdvisory: Bool
    ) async throws(UpstreamError) -> [String: String] {
        let document = try await document(
            UpstreamRequest(
                path: "/api/v1/status/buildinfo", method: .get, isAdvisory: isAdvisory,
                isAside: isAdvisory),
            deadline: deadline)
        var found: [String: String] = [:]
        var cursor = JSONCursor(document.data)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                if try cursor.peek() == UInt8(ascii: "\"") {
                    found[key] = try cursor.string()
                } else {
                    try cursor.skip()
                }
            }
        } catch {
            throw UpstreamError(
                member: configuration.name,
                kind: .malformed(
                    "malformed answer: its data is not what /api/v1/status/buildinfo answers with"))
        }
        return found
    }
}

extension EndpointSupport {
    /// What some members lack and others make up for: endpoints, and the steps that a range asks for.
    enum Endpoint: Sendable, Hashable {
        /// `query`; a range of one step stands in for it.
        case instantQuery
        /// `labels`; the labels of the series stand in for it.
        case labelNames
        /// `label/…/values`; likewise.
        case labelValues
        /// Ranges that do not begin at a multiple of their step, answered at their own steps; other
        /// questions that have the same values stand in for them.
        case stepGrid
        /// `read`; what queries answer stands in for it.
        case remoteRead
        /// `/api/v2/traces` of Tempo; `/api/traces` stands in for it.
        case traceVersion2
    }

    static let coroot = EndpointSupport(
        instantQuery: .emulated, labelNames: .emulated, labelValues: .native,
        stepGrid: .native)

    func support(of endpoint: Endpoint) -> Support {
        switch endpoint {
        case .instantQuery: instantQuery
        case .labelNames: labelNames
        case .labelValues: labelValues
        case .stepGrid: stepGrid
        case .remoteRead, .traceVersion2: .auto
        }
    }
}
