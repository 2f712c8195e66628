import Projects
import PrometheusAPI

/// What queries under way share, whatever configuration they began under.
final class QueryResources: Sendable {
    /// What bounds them.
    struct Bounds: Sendable, Hashable {
        var computing: Int
        var requestBytes: Int
        var answerBytes: Int
    }

    let bounds: Bounds
    let slots: QuerySlots
    let requests: RequestMemory
    let answers: AnswerMemory

    init(_ bounds: Bounds) {
        self.bounds = bounds
        slots = QuerySlots(limit: bounds.computing)
        requests = RequestMemory(limit: bounds.requestBytes)
        answers = AnswerMemory(limit: bounds.answerBytes)
    }

    /// How much is in use.
    struct Load: Sendable, Equatable {
        /// Queries under way.
        var queries = 0
        /// Pieces of work that wait for a place.
        var waiting = 0
        /// What queries cost besides the answers they hold.
        var requestBytes = 0
        /// Answers that wait to be computed.
        var answerBytes = 0
    }

    var load: Load {
        let (queries, bytes) = requests.load
        return Load(
            queries: queries, waiting: slots.load.waiting, requestBytes: bytes,
            answerBytes: answers.used)
    }

    /// What a request of this kind needs to compute its answer.
    func turn(_ time: AnswerTime) -> QueryTurn {
        QueryTurn(slots: slots, held: answers.holder(), deadline: time.deadline)
    }
}

extension QueryResources.Bounds {
    init(_ configuration: Configuration) {
        self.init(
            computing: configuration.query.maxConcurrency,
            requestBytes: configuration.limits.maxQueueMemory,
            answerBytes: configuration.limits.maxAnswerMemory)
    }
}

/// One query's access to places for computing and to memory for answers.
struct QueryTurn: Sendable {
    let slots: QuerySlots
    let held: AnswerMemory.Holder
    /// When waiting for either is of no more use.
    let deadline: ContinuousClock.Instant

    /// Returns once so many bytes more of answers may be held.
    func hold(_ bytes: Int) async throws(FragmentFailure) {
        do throws(NoTurn) {
            try await held.add(bytes, until: deadline)
        } catch {
            throw FragmentFailure(error)
        }
    }

    /// Runs work in a place of its own; it cannot wait for anything.
    ///
    /// - Throws: `APIError` when there was no place in time; what the work throws.
    func compute<T>(_ work: () throws -> T) async throws -> T {
        do {
            return try await slots.compute(until: deadline, work)
        } catch let error as NoTurn {
            throw FragmentFailure(error).ofQuery ?? error
        }
    }

    /// Gives back what was held, once the answer is computed or not wanted any more.
    func release() { held.release() }
}

extension FragmentFailure {
    init(_ noTurn: NoTurn) {
        switch noTurn {
        case .timedOut: self = .noTurn
        case .cancelled: self = .cancelled
        }
    }

    /// The failure as that of the whole query, whatever became of its members; nil where it is one
    /// member's.
    var ofQuery: APIError? {
        switch self {
        case .noTurn: APIError(.timeout, "query timed out in query queue")
        case .cancelled: APIError(.canceled, "query was canceled in query execution")
        case .exceeded, .loop, .rejected, .timeout, .unavailable, .limit, .undecidable, .partial,
            .noRemoteRead:
            nil
        }
    }
}
