import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import Upstream

/// What queries under way share, whatever configuration they began under.
public final class QueryResources: Sendable {
    /// What bounds them.
    public struct Bounds: Sendable, Hashable {
        var computing: Int
        var requestBytes: Int
        var answerBytes: Int
    }

    public let bounds: Bounds
    let slots: QuerySlots
    public let requests: RequestMemory
    let answers: AnswerMemory

    public init(_ bounds: Bounds) {
        self.bounds = bounds
        slots = QuerySlots(limit: bounds.computing)
        requests = RequestMemory(limit: bounds.requestBytes)
        answers = AnswerMemory(limit: bounds.answerBytes)
    }

    /// How much is in use.
    public struct Load: Sendable, Equatable {
        /// Queries under way.
        public var queries = 0
        /// Pieces of work that wait for a place.
        public var waiting = 0
        /// What queries cost besides the answers they hold.
        public var requestBytes = 0
        /// Answers that wait to be computed.
        public var answerBytes = 0
    }

    public var load: Load {
        let (queries, bytes) = requests.load
        return Load(
            queries: queries, waiting: slots.load.waiting, requestBytes: bytes,
            answerBytes: answers.used)
    }

    /// What a request of this kind needs to compute its answer.
    public func turn(_ time: AnswerTime, for client: ClientIdentity) -> QueryTurn {
        QueryTurn(
            work: slots.work(for: client, until: time.deadline), held: answers.holder(),
            deadline: time.deadline)
    }
}

extension QueryResources.Bounds {
    public init(_ configuration: Configuration) {
        self.init(
            computing: configuration.query.maxConcurrency,
            requestBytes: configuration.limits.maxQueueMemory,
            answerBytes: configuration.limits.maxAnswerMemory)
    }
}

/// One query's access to places for computing and to memory for answers.
public struct QueryTurn: Sendable {
    let work: QueryWork
    let held: AnswerMemory.Holder
    /// When waiting for either is of no more use.
    let deadline: ContinuousClock.Instant

    /// Returns once so many bytes more of answers may be held.
    func hold(_ bytes: Int) async throws(UpstreamError) {
        do throws(NoTurn) {
            try await held.add(bytes, until: deadline)
        } catch {
            throw UpstreamError(error)
        }
    }

    /// Runs work in a place of its own; it cannot wait for anything.
    ///
    /// - Throws: `APIError` when there was no place in time; what the work throws.
    func compute<T>(_ work: () throws -> T) async throws -> T {
        do {
            return try await self.work.compute(work)
        } catch let error as NoTurn {
            throw UpstreamError(error).ofQuery ?? error
        }
    }

    /// Gives back what was held, once the answer is computed or not wanted any more.
    public func release() { held.release() }
}

extension UpstreamError {
    init(_ noTurn: NoTurn) {
        switch noTurn {
        case .timedOut: self = .noTurn
        case .cancelled: self = .cancelled
        }
    }

    /// The failure as that of the whole query, whatever became of its members; nil where it is one
    /// member's.
    var ofQuery: APIError? {
        switch kind {
        case .noTurn: .timedOut(in: .queue)
        case .cancelled: APIError(.canceled, "query was canceled in query execution")
        default: nil
        }
    }
}

/// Where a query is when its time is up, in the reference's words.
public enum QueryPhase: String, Sendable {
    case queue = "query queue"
    case execution = "query execution"
}

extension APIError {
    /// - Parameter cause: the members that took too long.
    static func timedOut(in phase: QueryPhase, because cause: String? = nil) -> APIError {
        APIError(
            .timeout, "query timed out in \(phase.rawValue)\(cause.map { ": \($0)" } ?? "")")
    }
}

/// The time that one request has, and the share of it that members have.
///
/// A member that hangs uses up the members' share and no more, so that the answer without it still
/// can be computed, merged and sent before the client gives up.
public struct AnswerTime: Sendable {
    /// When the answer is of no more use to the client.
    public let deadline: ContinuousClock.Instant
    /// When members must have answered. Retries and second rounds end here too.
    public let members: ContinuousClock.Instant
    /// When members must have told their versions, which queries are planned by: a member that
    /// hangs must not use up the time of the others before they are asked anything.
    let versions: ContinuousClock.Instant

    /// - Parameter length: From `start` to the deadline.
    init(_ length: Duration, from start: ContinuousClock.Instant = .now) {
        deadline = start + length
        members = deadline - Self.reserve(of: length)
        versions = start + length / 4
    }

    /// The time of a request whose `timeout`, if it has one, may shorten what is configured. The
    /// reference reads no `timeout` outside of queries, so one that is no duration is passed over.
    public init(of request: PrometheusRequest, configured: Duration) {
        var length = configured
        if let asked = try? request.reader.duration("timeout"), asked > .zero {
            length = min(length, asked)
        }
        self.init(length)
    }

    /// The time that is kept for the work here: a tenth, at least 50 ms, at most half.
    private static func reserve(of length: Duration) -> Duration {
        min(max(length / 10, .milliseconds(50)), length / 2)
    }
}
