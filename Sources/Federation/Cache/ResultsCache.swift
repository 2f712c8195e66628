import GatewayConfiguration
import GoText
import PrometheusWire
import Redis
import Synchronization
import Upstream

/// What members answered about times that do not change any more, and what they are asked just now:
/// shared by all queries.
public final class ResultsCache: Sendable {
    /// How long an answer is used at most, so that data written late, or deleted, is seen then.
    static let lifetime = Milliseconds(3_600_000)
    /// Bytes of an answer that several requests can share.
    static let sharedBytes = 512 << 10

    /// What is younger may still change.
    let tail: Milliseconds
    let store: any ResultsStore
    let flights = Flights()
    private let counts = Mutex(Counts())
    /// For answers that are kept while they arrive.
    private let arriving: ByteBudget
    /// Bytes that one answer may have.
    let longestAnswer: Int

    /// - Parameters:
    ///   - bytes: What it may take: three quarters for what is kept, a quarter for what arrives.
    ///   - tail: How long after its time a sample may come in.
    ///   - redis: Where other gateways keep answers too; nil for nowhere.
    ///   - onChange: Is told when that is there, and when it is not.
    convenience init(
        bytes: Int, tail: Milliseconds, redis: RedisSettings? = nil,
        onChange: @escaping @Sendable (RedisClient.Change) -> Void = { _ in }
    ) {
        let memory = MemoryResultsStore(limit: bytes / 4 * 3)
        let arriving = ByteBudget(limit: bytes / 4)
        guard let redis else {
            self.init(store: memory, arriving: arriving, tail: tail)
            return
        }
        let client = RedisClient(
            .init(
                address: redis.address, password: redis.password, queueBytes: arriving.limit / 4),
            onChange: onChange)
        self.init(
            store: SharedResultsStore(
                memory: memory, shared: client,
                keys: SharedKeys(prefix: redis.prefix, secret: redis.secret, tail: tail),
                timeout: redis.timeout, lifetime: Milliseconds(redis.lifetime),
                arriving: arriving),
            arriving: arriving, tail: tail)
    }

    /// - Parameter arriving: For answers while they arrive.
    init(store: any ResultsStore, arriving: ByteBudget, tail: Milliseconds) {
        self.store = store
        self.arriving = arriving
        longestAnswer = arriving.limit / 4
        self.tail = tail
    }

    /// Drops the answers of members that are asked otherwise from now on, or not at all.
    ///
    /// - Parameter members: Those that stay as they were.
    public func keep(_ members: [UpstreamClient]) {
        store.keep(clients: Set(members.map(\.identity.client)))
    }

    // MARK: - Memory

    /// Keeps the pages of an answer while it arrives, as long as there is memory for them; dropping it
    /// gives the memory back.
    final class Recording: Sendable {
        private struct State {
            var pages: [SeriesPage] = []
            var bytes = 0
            var isWhole = true
        }

        private let cache: ResultsCache
        private let most: Int
        private let state = Mutex(State())

        /// - Parameter most: Bytes.
        init(_ cache: ResultsCache, most: Int) {
            self.cache = cache
            self.most = most
        }

        deinit { cache.arriving.giveBack(state.withLock { $0.bytes }) }

        /// The pages so far; nil where one of them could not be kept.
        var pages: [SeriesPage]? { state.withLock { $0.isWhole ? $0.pages : nil } }

        var bytes: Int { state.withLock { $0.bytes } }

        /// False where there was no memory for the page; nothing is kept then.
        @discardableResult
        func add(_ page: SeriesPage) -> Bool {
            let size = page.bytesReserved
            return state.withLock { state in
                guard state.isWhole else { return false }
                if state.bytes + size <= most, cache.arriving.take(size) {
                    state.pages.append(page)
                    state.bytes += size
                    return true
                }
                cache.arriving.giveBack(state.bytes)
                state = State(isWhole: false)
                return false
            }
        }
    }

    // MARK: - Counting

    struct Counts: Sendable, Equatable {
        /// Fragments answered without a member.
        var hits = 0
        /// Fragments of which a member was asked some steps.
        var partialHits = 0
        /// Fragments that were not there.
        var misses = 0
        /// Fragments that cannot be cached, or not yet.
        var passed = 0
        /// Fragments that another request had asked for already.
        var shared = 0
        /// Steps that no member was asked for.
        var stepsSaved = 0
    }

    func count(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }

    var counted: Counts { counts.withLock { $0 } }

    /// What it does, as metrics.
    func exposition() -> ExpositionText {
        let (counts, load) = (counted, store.load)
        var text = ExpositionText()
        text.family(Self.fragments)
        for (result, count) in [
            ("hit", counts.hits), ("part", counts.partialHits), ("miss", counts.misses),
            ("passed", counts.passed),
        ] {
            text.sample([("result", result)], Double(count))
        }
        text.family(Self.shared, is: Double(counts.shared))
        text.family(Self.stepsSaved, is: Double(counts.stepsSaved))
        text.family(Self.evictions, is: Double(load.evictions))
        text.family(Self.answers, is: Double(load.extents))
        text.family(Self.bytes)
        text.sample([("kind", "kept")], Double(load.bytes))
        text.sample([("kind", "arriving")], Double(arriving.load))
        text.append(store.exposition())
        return text
    }

    private static let fragments = MetricFamily(
        "tributary_cache_fragments_total", .counter,
        "Fragments of queries, by what the cache had of them: all (hit), some steps (part), or "
            + "nothing (miss); of the rest nothing is kept (passed).", labels: ["result"])
    private static let shared = MetricFamily(
        "tributary_cache_shared_total", .counter,
        "Fragments answered by what another request asked a member at the time.")
    private static let stepsSaved = MetricFamily(
        "tributary_cache_steps_saved_total", .counter,
        "Steps that no member was asked for, as the cache had them.")
    private static let evictions = MetricFamily(
        "tributary_cache_evictions_total", .counter,
        "Answers that were dropped for want of room.")
    private static let answers = MetricFamily(
        "tributary_cache_answers", .gauge, "Answers in the cache.")
    private static let bytes = MetricFamily(
        "tributary_cache_bytes", .gauge,
        "What the cache takes: answers kept, and those that arrive just now.", labels: ["kind"])

    public static let families =
        [fragments, shared, stepsSaved, evictions, answers, bytes] + SharedResultsStore.families
}

/// An answer that was read to its end.
struct HeldAnswer: Sendable {
    var pages: [SeriesPage]
    var trailer: ResponseScanner.Trailer
    /// Holds the memory of the pages.
    var recording: ResultsCache.Recording

    /// Whether it says nothing but its series, so that it can be joined to others.
    var isPlain: Bool { trailer.isPlain }
}

/// Questions that members are asked just now. A request with the same question waits for the answer
/// that another one gets.
final class Flights: Sendable {
    struct Key: Sendable, Hashable {
        var fragment: FragmentKey
        var from: Timestamp
        var through: Timestamp
        var refusesParts: Bool
        /// The gateways that the request came through.
        var hops: String
    }

    /// What becomes of a question.
    enum Landing: Sendable {
        case answer(HeldAnswer)
        /// The member refuses the question, and would refuse it to every other request too.
        case refused(UpstreamError)
        /// The answer is not for sharing, or there is none: each must ask for itself.
        case none
    }

    final class Flight: Sendable {
        fileprivate struct State {
            var landing: Landing?
            var waiting: [UInt64: CheckedContinuation<Landing, Never>] = [:]
            var next: UInt64 = 0
        }

        fileprivate let state = Mutex(State())

        /// What became of it, once that is known; `none` when the deadline passes before, or when the
        /// task is cancelled.
        func landing(until deadline: ContinuousClock.Instant) async -> Landing {
            let id = state.withLock { state in
                state.next += 1
                return state.next
            }
            let alarm = Task {
                do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
                self.leave(id)
            }
            defer { alarm.cancel() }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let known: Landing? = state.withLock { state in
                        if let landing = state.landing { return landing }
                        if Task.isCancelled || deadline <= .now { return Landing.none }
                        state.waiting[id] = continuation
                        return nil
                    }
                    if let known { continuation.resume(returning: known) }
                }
            } onCancel: {
                leave(id)
            }
        }

        private func leave(_ id: UInt64) {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: Landing.none)
        }

        fileprivate func land(_ landing: Landing) {
            let waiting = state.withLock { state in
                state.landing = landing
                defer { state.waiting = [:] }
                return state.waiting.values.map { $0 }
            }
            for one in waiting { one.resume(returning: landing) }
        }
    }

    private let flights = Mutex<[Key: Flight]>([:])

    /// The flight of a question, and whether it begins now: then the caller must ask, and say what
    /// became of it.
    func board(_ key: Key) -> (flight: Flight, begins: Bool) {
        flights.withLock { flights in
            if let flight = flights[key] { return (flight, false) }
            let flight = Flight()
            flights[key] = flight
            return (flight, true)
        }
    }

    func land(_ flight: Flight, _ key: Key, _ landing: Landing) {
        flights.withLock { flights in
            if flights[key] === flight { flights[key] = nil }
        }
        flight.land(landing)
    }
}
