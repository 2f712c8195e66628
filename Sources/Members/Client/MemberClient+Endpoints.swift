import GoText

extension MemberClient {
    /// Milliseconds for which an endpoint that was found missing is not asked again.
    private static let missingFor: Int64 = 300_000

    /// Puts a question to an endpoint, or to what stands in for it where the member is known not to
    /// have it. Which one that is, is found out by asking: an endpoint is missing when its path is
    /// not known there, or leads to something that is no API, and the stand-in answers.
    ///
    /// - Parameter native: is told whether the endpoint may be missing.
    func answer<Answer: Sendable>(
        of endpoint: EndpointSupport.Endpoint,
        native: (_ mayBeMissing: Bool) async throws(MemberFailure) -> Answer,
        emulated: () async throws(MemberFailure) -> Answer
    ) async throws(MemberFailure) -> Answer {
        switch configuration.support(of: endpoint) {
        case .native: return try await native(false)
        case .emulated: return try await emulated()
        case .auto: break
        }
        if isKnownMissing(endpoint) { return try await emulated() }
        let failure: MemberFailure
        do throws(MemberFailure) {
            return try await native(true)
        } catch {
            failure = error
        }
        guard failure.kind.isOfAMissingEndpoint else { throw failure }
        do throws(MemberFailure) {
            let answer = try await emulated()
            noteMissing(endpoint)
            return answer
        } catch {
            // A member that judges the question has what stands in.
            switch error.kind {
            case .rejectedQuery, .exceeded:
                noteMissing(endpoint)
                throw error
            default: throw failure
            }
        }
    }

    /// Whether the endpoint was found missing lately.
    func isKnownMissing(_ endpoint: EndpointSupport.Endpoint) -> Bool {
        let now = MonotonicClock.milliseconds()
        return state.withLock { $0.missingUntil[endpoint].map { now < $0 } ?? false }
    }

    func noteMissing(_ endpoint: EndpointSupport.Endpoint) {
        let until = MonotonicClock.milliseconds() &+ Self.missingFor
        state.withLock { $0.missingUntil[endpoint] = until }
    }
}

extension MemberFailure.Kind {
    /// A path that the member does not know, or that leads to pages for people.
    var isOfAMissingEndpoint: Bool {
        switch self {
        case .http(_, Refusal.noRemoteRead): true
        case .http(let status, let text):
            [404, 405, 501].contains(status) && text != Refusal.keyRejected
        case .notPrometheus: true
        case .connect, .tls, .connectTimeout, .timeout, .laneTimeout, .broken, .malformed, .limit,
            .rejectedQuery, .exceeded, .loop, .ownGrid, .partial, .unavailable, .cancelled:
            false
        }
    }
}
