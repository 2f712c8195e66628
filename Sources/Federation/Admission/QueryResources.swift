import GatewayConfiguration
import GoText
import PromQLEngine
import PrometheusServer
import PrometheusWire
public import Redis
import Synchronization
public import Upstream

/// What queries under way share, whatever configuration they began under.
public final class QueryResources: Sendable {
    /// What bounds them.
    public struct Bounds: Sendable, Hashable {
        var computing: Int
        var requestBytes: Int
        /// Of all that is lent.
        var memoryBytes: Int
        /// Of the cache; 0 for none.
        var cacheBytes = 0
        /// What is younger is not kept there.
        var cacheTail: Milliseconds = 0
        /// Where the cache is shared; nil for nowhere.
        var redis: RedisSettings?

        /// What members' answers may take that were received and not read yet, besides.
        public var receiveBytes: Int { memoryBytes / 8 }
    }

    public let bounds: Bounds
    let slots: QuerySlots
    public let requests: QueueMemory
    let places = ClientPlaces()
    public let memory: MemoryBudget
    /// nil where it is off.
    public let cache: ResultsCache?
    public let unsortedLists = UnsortedLists()

    /// - Parameter onChange: Is told when the server that the cache is shared in is there, and when
    ///   it is not.
    public init(
        _ bounds: Bounds, onChange: @escaping @Sendable (RedisClient.Change) -> Void = { _ in }
    ) {
        self.bounds = bounds
        slots = QuerySlots(limit: bounds.computing)
        memory = MemoryBudget(limit: bounds.memoryBytes)
        requests = QueueMemory(limit: bounds.requestBytes, within: memory)
        cache =
            bounds.cacheBytes > 0
            ? ResultsCache(
                bytes: bounds.cacheBytes, tail: bounds.cacheTail, redis: bounds.redis,
                onChange: onChange) : nil
    }

    /// How much is in use.
    public struct Load: Sendable, Equatable {
        /// Queries under way.
        public var queries = 0
        /// Pieces of work that wait for a place.
        public var waiting = 0
        /// What queries cost besides the answers they hold.
        public var requestBytes = 0
        /// What is lent of `limits.maxMemory`, the most that was, and all there is.
        public var lentBytes = 0
        public var peakLentBytes = 0
        public var lendableBytes = 0
    }

    public var load: Load {
        let (queries, bytes) = requests.load
        let (used, peak, limit) = memory.load
        return Load(
            queries: queries, waiting: slots.load.waiting, requestBytes: bytes,
            lentBytes: used, peakLentBytes: peak, lendableBytes: limit)
    }

    /// What is in use and what was waited for, as metrics.
    public func exposition(_ load: Load) -> ExpositionText {
        var text = ExpositionText()
        text.family(Self.queries)
        text.sample([("state", "running")], Double(load.queries))
        text.sample([("state", "waiting")], Double(load.waiting))
        text.family(Self.queue)
        slots.waits.append(labels: [], to: &text)
        text.family(Self.memoryInUse)
        text.sample([("kind", "requests")], Double(load.requestBytes))
        text.sample([("kind", "lent")], Double(load.lentBytes))
        text.sample([("kind", "lent_peak")], Double(load.peakLentBytes))
        text.sample([("kind", "limit")], Double(load.lendableBytes))
        if let cache { text.append(cache.exposition()) }
        return text
    }

    /// Times that a query found no room in time under a limit that all share, by the key of the limit.
    /// Some of these errors say only that the time was up, as Prometheus does.
    public var refusals: [String: Int] {
        [
            "auth.tokens[].limits.maxConcurrency": places.refused,
            "limits.maxMemory": memory.refused, "limits.maxQueueMemory": requests.refused,
        ]
    }

    private static let queries = MetricFamily(
        "tributary_queries", .gauge,
        "Queries under way, and pieces of their work that wait for a place to compute.",
        labels: ["state"])
    private static let queue = MetricFamily(
        "tributary_query_queue_seconds", .histogram,
        "How long pieces of queries' work waited for a place to compute; those that had one at once "
            + "are left out.")
    private static let memoryInUse = MetricFamily(
        "tributary_query_memory_bytes", .gauge,
        "What queries under way cost: their requests; what is lent to them of limits.maxMemory, the "
            + "most that was lent at once, and how much may be.", labels: ["kind"])

    public static let families = [queries, queue, memoryInUse]

    /// What a request of this kind needs to compute its answer.
    public func turn(_ time: AnswerTime, for client: ClientIdentity) -> QueryTurn {
        QueryTurn(
            work: slots.work(for: client, until: time.deadline), held: memory.holder(),
            deadline: time.deadline)
    }
}

extension QueryResources.Bounds {
    /// What the cache has where the configuration says nothing: this part of all memory, and no more
    /// than that many bytes.
    private static let cacheShare = 16
    private static let mostCacheBytes = 256 << 20

    /// - Parameter machine: Bytes of memory that the process may use at most, three quarters of
    ///   which are lent, the cache included, where the configuration says nothing.
    public init(_ configuration: Configuration, machine: Int) {
        let all = configuration.limits.maxMemory ?? machine / 4 * 3
        let cache = configuration.cache
        let wanted = cache.memory ?? min(all / Self.cacheShare, Self.mostCacheBytes)
        let cacheBytes = cache.enabled ? min(wanted, all / 2) : 0
        self.init(
            computing: configuration.query.maxConcurrency,
            requestBytes: configuration.limits.maxQueueMemory,
            memoryBytes: all - cacheBytes, cacheBytes: cacheBytes,
            cacheTail: Milliseconds(cache.tail), redis: cache.redis)
    }
}

/// One query's access to places for computing and to memory for answers.
public struct QueryTurn: MemoryLender {
    public let work: QueryWork
    let held: MemoryBudget.Holder
    /// When waiting for either is of no more use.
    let deadline: ContinuousClock.Instant

    /// Returns once so many bytes more of answers may be held.
    public func hold(_ bytes: Int) async throws(UpstreamError) {
        try await hold(bytes, isWhole: false)
    }

    public func settle(_ bytes: Int) { held.keep(bytes) }

    /// As `hold`, for something that needs no more than that to end.
    func holdAtOnce(_ bytes: Int) async throws(UpstreamError) {
        try await hold(bytes, isWhole: true)
    }

    private func hold(_ bytes: Int, isWhole: Bool) async throws(UpstreamError) {
        do throws(NoLoan) {
            try await held.add(bytes, isWhole: isWhole, until: deadline)
        } catch {
            switch error {
            case .timedOut, .refused: throw .noMemory
            case .cancelled: throw .cancelled
            }
        }
    }

    /// Runs work in a place of its own; it cannot wait for anything.
    ///
    /// - Throws: `APIError` when there was no place in time; what the work throws.
    public func compute<T>(_ work: () throws -> T) async throws -> T {
        do {
            return try await self.work.compute(work)
        } catch let error as NoTurn {
            throw UpstreamError(error).ofQuery ?? error
        }
    }

    /// Runs an evaluation in a place of its own. Where the memory for it is not to be had at once, it
    /// waits for that without a place, and begins again.
    ///
    /// - Parameter work: can be run more than once, and takes what it needs from what it is given.
    /// - Throws: `APIError`.
    func evaluate<T>(
        _ work: (any EvaluationMemory) throws(EvaluationError) -> T
    ) async throws -> T {
        var advance = 0
        while true {
            let memory = AdvancedMemory(held, advance)
            do {
                return try await compute { try work(memory) }
            } catch EvaluationError.noMemory(let bytes) {
                // At least twice as much as before, so that it begins again a few times at most.
                advance = memory.taken + max(bytes, memory.taken)
                held.giveBack(memory.total)
                do throws(UpstreamError) { try await hold(advance) } catch {
                    throw error.ofQuery ?? error
                }
            } catch let error as EvaluationError {
                throw APIError(error)
            }
        }
    }

    /// An answer that keeps what is lent to it until it was sent. Of one that is whole, that is the
    /// answer itself, as nothing else is held any more.
    public func lending(to response: PrometheusResponse) -> PrometheusResponse {
        if case .bytes(let bytes) = response.body { held.keep(bytes.count) }
        var response = response
        response.loan = held
        return response
    }

    /// Gives back what was held, once the answer is computed or not wanted any more.
    public func release() { held.release() }
}

extension QueryTurn {
    /// Answers a request whose members' answers are lists and documents.
    public func lending(
        _ answer: () async throws -> PrometheusResponse
    ) async throws -> PrometheusResponse {
        lending(to: try await Lending.$lender.withValue(self, operation: answer))
    }
}

/// Memory of which some was waited for.
private final class AdvancedMemory: EvaluationMemory {
    private struct State {
        var left: Int
        var taken = 0
        var total: Int
    }

    private let held: MemoryBudget.Holder
    private let state: Mutex<State>

    init(_ held: MemoryBudget.Holder, _ advance: Int) {
        self.held = held
        state = Mutex(State(left: advance, total: advance))
    }

    /// Bytes that were taken, and those that are held for it.
    var taken: Int { state.withLock { $0.taken } }
    var total: Int { state.withLock { $0.total } }

    func lend(_ bytes: Int) -> Bool {
        state.withLock { state in
            let more = max(0, bytes - state.left)
            guard more == 0 || held.lend(more) else { return false }
            state.left -= bytes - more
            state.taken += bytes
            state.total += more
            return true
        }
    }
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
        case .noMemory: .noMemory
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
    /// What is wanted does not fit beside what else is under way, or not at all.
    static let noMemory = APIError(
        .unavailable, "not enough memory for the query (limits.maxMemory)")

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
    public init(_ length: Duration, from start: ContinuousClock.Instant = .now) {
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
