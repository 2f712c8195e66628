import GoText
import PrometheusAPI

extension MemberClient {
    /// Milliseconds that asking for a version may take.
    private static let patience: Int64 = 5_000

    /// The member's version and what follows from it: asked for once, then refreshed in the
    /// background. A member that does not answer within seconds is taken for a current one, and
    /// asked again by the first query after a second. Members of kind `remoteCoroot` are never asked.
    ///
    /// - Parameter deadline: Ends the waiting, though not the asking: others may have more time.
    public func capabilities(
        deadline: ContinuousClock.Instant? = nil
    ) async -> MemberCapabilities {
        if case .remoteCoroot = configuration.kind { return MemberCapabilities() }
        while true {
            let now = MonotonicClock.milliseconds()
            switch state.withLock({ $0.capabilities.action(at: now) }) {
            case .use(let known): return known
            case .useAndRefresh(let known):
                Task { await self.refreshCapabilities() }
                return known
            case .ask: Task { await self.refreshCapabilities() }
            case .wait:
                if let deadline, deadline <= .now { return MemberCapabilities() }
                // Rare, and only until the first answer.
                do { try await Task.sleep(for: .milliseconds(2)) } catch {
                    return MemberCapabilities()
                }
            }
        }
    }

    /// What has been learned of the member's version so far, by whatever asked for it; nothing is
    /// asked here. Before the first answer it is what a member has that does not say.
    public var knownCapabilities: MemberCapabilities {
        state.withLock { $0.capabilities.value } ?? MemberCapabilities()
    }

    private func refreshCapabilities() async {
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(Self.patience))
        var found: MemberCapabilities?
        do throws(MemberFailure) {
            let information = try await buildInformation(deadline: deadline, isAdvisory: true)
            var application = information["application"]
            if VictoriaMetrics.isDescribed(by: information) {
                application = VictoriaMetrics.name
                state.withLock { $0.isVictoriaMetrics = true }
            }
            found = MemberCapabilities(version: information["version"], application: application)
        } catch {
            switch error.kind {
            // An answer too: there is no version to be had.
            case .http(let status, _) where status < 500: found = MemberCapabilities()
            case .notPrometheus, .malformed, .rejectedQuery, .exceeded, .loop:
                found = MemberCapabilities()
            default: break
            }
        }
        let now = MonotonicClock.milliseconds()
        state.withLock { $0.capabilities.learned(found, at: now) }
    }

    /// `status/buildinfo`: version, revision and so on, as the member names them.
    public func buildInfo(
        deadline: ContinuousClock.Instant? = nil
    ) async throws(MemberFailure) -> [String: String] {
        try await buildInformation(deadline: deadline, isAdvisory: false)
    }

    private func buildInformation(
        deadline: ContinuousClock.Instant?, isAdvisory: Bool
    ) async throws(MemberFailure) -> [String: String] {
        let document = try await document(
            MemberRequest(
                path: "/api/v1/status/buildinfo", method: .get, isAdvisory: isAdvisory,
                isAside: isAdvisory),
            deadline: deadline)
        var found: [String: String] = [:]
        var cursor = JSONCursor(document.data)
        // A document's data is known to be JSON; what is no object has no fields.
        try? cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            if try cursor.peek() == UInt8(ascii: "\"") {
                found[key] = try cursor.string()
            } else {
                try cursor.skip()
            }
        }
        return found
    }
}
