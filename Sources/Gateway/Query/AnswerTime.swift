import PrometheusAPI
import PrometheusHTTP

/// The time that one request has, and the share of it that members have.
///
/// A member that hangs uses up the members' share and no more, so that the answer without it still
/// can be computed, merged and sent before the client gives up.
struct AnswerTime: Sendable {
    /// When the answer is of no more use to the client.
    let deadline: ContinuousClock.Instant
    /// When members must have answered. Retries and second rounds end here too.
    let members: ContinuousClock.Instant
    /// When members must have told their versions, which queries are planned by: a member that
    /// hangs must not use up the time of the others before they are asked anything.
    let versions: ContinuousClock.Instant

    /// - Parameter milliseconds: From `start` to the deadline.
    init(milliseconds: Int64, from start: ContinuousClock.Instant = .now) {
        deadline = start + .milliseconds(milliseconds)
        members = deadline - .milliseconds(Self.reserve(of: milliseconds))
        versions = start + .milliseconds(milliseconds / 4)
    }

    /// The time of a request whose `timeout`, if it has one, may shorten what is configured. The
    /// reference reads no `timeout` outside of queries, so one that is no duration is passed over.
    ///
    /// - Parameter configured: Milliseconds.
    init(of request: PrometheusRequest, configured: Int64) {
        var milliseconds = configured
        if let asked = try? RequestDuration.parse(request.parameter("timeout")) / 1_000_000,
            asked > 0
        {
            milliseconds = min(milliseconds, asked)
        }
        self.init(milliseconds: milliseconds)
    }

    /// Milliseconds that are kept for the work here: a tenth, at least 50, at most half.
    private static func reserve(of milliseconds: Int64) -> Int64 {
        min(max(milliseconds / 10, 50), milliseconds / 2)
    }
}
