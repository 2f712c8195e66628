import GoText
import PrometheusWire
import Redis
import Synchronization
import TimeSeries
import Upstream

/// Where gateways keep bytes for one another; it may be away at any time.
protocol SharedBytes: Sendable {
    /// As `RedisClient` has it.
    func first(
        _ count: Int, of keys: [[UInt8]], until deadline: MonotonicInstant
    ) async -> [RedisClient.Answer]
    func put(
        _ key: [UInt8], bytes: Int, _ value: @escaping @Sendable () -> RedisClient.Value?)
    func remove(_ key: [UInt8])
    var isUp: Bool { get }
    var counts: RedisClient.Counts { get }
}

extension RedisClient: SharedBytes {}

/// In memory first, and behind that in a server that other gateways use too. Where memory has too
/// little, the server is asked; what is put into memory is written there, some time later.
///
/// A fragment has one value there for each day in which its last step lies: the last one written
/// stays, and no gateway takes more on trust than that a seal fits, and that the series are a
/// member's answer at these steps.
final class SharedResultsStore: ResultsStore {
    /// What became of looking for a fragment in the server.
    fileprivate enum Outcome {
        case hit(CachedExtent)
        case miss
        /// What was there was not what a gateway with the same secret wrote.
        case rejected
        /// The server refused, or gave no answer in time.
        case failed
        /// The server was known to be away.
        case away
    }

    /// How often looking for a fragment had which outcome, and what was not even put in the queue.
    struct Counts: Sendable, Equatable {
        var hits = 0
        var misses = 0
        var rejected = 0
        var failed = 0
        var away = 0
        var dropped = 0

        fileprivate mutating func count(_ outcome: Outcome) {
            switch outcome {
            case .hit: hits += 1
            case .miss: misses += 1
            case .rejected: rejected += 1
            case .failed: failed += 1
            case .away: away += 1
            }
        }
    }

    /// How entries are made.
    private struct Sharing: Sendable {
        var keys: SharedKeys
        /// How long an entry stays there at most.
        var lifetime: Milliseconds
        /// Bytes of an entry, and of its text.
        var most: Int
        var now: @Sendable () -> Timestamp

        /// How long an extent is of use yet.
        func remaining(of extent: CachedExtent) -> Milliseconds {
            min(lifetime, ResultsCache.lifetime - (now() - extent.asked))
        }
    }

    /// Bytes of an answer that is shared, at most.
    private static let longestAnswer = 8 << 20

    private let memory: MemoryResultsStore
    private let shared: any SharedBytes
    private let sharing: Sharing
    private let timeout: Duration
    private let arriving: ByteBudget
    private let state = Mutex(Counts())

    /// - Parameters:
    ///   - timeout: How long a query waits for the server.
    ///   - lifetime: How long an entry stays there at most.
    ///   - arriving: For what is read, and for what waits to be written.
    init(
        memory: MemoryResultsStore, shared: any SharedBytes, keys: SharedKeys, timeout: Duration,
        lifetime: Milliseconds = ResultsCache.lifetime, arriving: ByteBudget,
        now: @escaping @Sendable () -> Timestamp = WallClock.now
    ) {
        self.memory = memory
        self.shared = shared
        self.timeout = timeout
        self.arriving = arriving
        sharing = Sharing(
            keys: keys, lifetime: lifetime, most: min(arriving.limit / 4, Self.longestAnswer),
            now: now)
    }

    var load: ResultsLoad { memory.load }
    var counted: Counts { state.withLock { $0 } }

    func keep(clients: Set<UInt64>) { memory.keep(clients: clients) }

    // MARK: - Reading

    func extents(of key: FragmentKey, for window: CachedWindow) async -> [CachedExtent] {
        let known = await memory.extents(of: key, for: window)
        guard let steps = window.wanted(besides: known) else { return known }
        let outcome = await look(key, SharedKeys.slots(of: steps), for: window, besides: known)
        state.withLock { $0.count(outcome) }
        guard case .hit(let found) = outcome else { return known }
        await memory.put(found, at: key, inPlaceOf: nil)
        // In memory it is counted as long as it is used; where there was no room, here.
        let kept = await memory.extents(of: key, for: window)
        return kept.contains { $0.covers(found) } ? kept : kept + [found]
    }

    private struct Entry {
        var name: [UInt8]
        var digest: [UInt8]
        var head: ExtentBlock.Head
    }

    /// Looks for an extent that has more of the steps than those that are known.
    private func look(
        _ key: FragmentKey, _ slots: [Int64], for window: CachedWindow,
        besides known: [CachedExtent]
    ) async -> Outcome {
        let deadline = MonotonicInstant.now.advanced(by: timeout)
        var least =
            known.map {
                window.steps(from: $0.from, through: $0.through, asked: $0.asked)
            }.max() ?? 0
        // The heads first: what has nothing new is not worth its way.
        let digests = slots.map { sharing.keys.digest(of: key, slot: $0) }
        let names = digests.map(sharing.keys.name)
        let answers = await shared.first(ExtentBlock.headLength, of: names, until: deadline)
        var best: Entry?
        var isRejected = false
        for (index, answer) in answers.enumerated() {
            switch answer {
            case .away: return .away
            case .failed: return .failed
            case .found([]): continue
            case .found(let bytes):
                guard let head = ExtentBlock.Head(bytes, digest: digests[index]) else {
                    shared.remove(names[index])
                    isRejected = true
                    continue
                }
                let steps = window.steps(
                    from: head.from, through: head.through, asked: head.asked)
                guard steps > least else { continue }
                least = steps
                best = Entry(name: names[index], digest: digests[index], head: head)
            }
        }
        guard let best else { return isRejected ? .rejected : .miss }
        return await read(best, key, until: deadline)
    }

    private func read(
        _ entry: Entry, _ key: FragmentKey, until deadline: MonotonicInstant
    ) async -> Outcome {
        let head = entry.head
        // Other gateways may have larger caches. The text is there twice while it is read.
        guard head.length <= sharing.most, head.textLength <= sharing.most,
            let loan = arriving.loan(head.length + 2 * head.textLength)
        else { return .miss }
        let bytes: [UInt8]
        switch await shared.first(head.length, of: [entry.name], until: deadline).first {
        case .found(let found): bytes = found
        case .away: return .away
        case .failed, nil: return .failed
        }
        // It expired, or another gateway wrote another one meanwhile.
        if bytes.isEmpty { return .miss }
        if let other = ExtentBlock.Head(bytes, digest: entry.digest), other != head { return .miss }
        let block = await ThreadPool.run {
            ExtentBlock(
                bytes, digest: entry.digest, type: key.resultType, step: key.step,
                limit: sharing.most, isSealed: sharing.keys.isSealed)
        }
        guard let block, FragmentKey.phase(of: block.from, key.step) == key.phase else {
            shared.remove(entry.name)
            return .rejected
        }
        return .hit(
            CachedExtent(
                from: block.from, through: block.through, pages: block.pages, asked: block.asked,
                widest: block.widest, holder: loan))
    }

    // MARK: - Writing

    func put(_ extent: CachedExtent, at key: FragmentKey, inPlaceOf former: CachedExtent?) async {
        await memory.put(extent, at: key, inPlaceOf: former)
        let bytes = extent.bytes
        guard bytes <= sharing.most, sharing.remaining(of: extent) > 0 else { return }
        guard let loan = arriving.loan(bytes) else {
            state.withLock { $0.dropped += 1 }
            return
        }
        let digest = sharing.keys.digest(of: key, slot: SharedKeys.slot(of: extent.through))
        // Not the store itself: what waits must not keep alive what it waits for.
        shared.put(sharing.keys.name(of: digest), bytes: bytes) { [sharing] in
            defer { withExtendedLifetime(loan) {} }
            let block = ExtentBlock(
                from: extent.from, through: extent.through, asked: extent.asked,
                widest: extent.widest, type: key.resultType, pages: extent.pages)
            let remaining = sharing.remaining(of: extent)
            guard remaining > 0,
                let bytes = block.bytes(
                    digest: digest, limit: sharing.most, seal: sharing.keys.seal)
            else { return nil }
            return RedisClient.Value(bytes: bytes, lifetime: remaining)
        }
    }

    // MARK: - Metrics

    func exposition() -> ExpositionText {
        let (lookups, writes) = (counted, shared.counts)
        var text = ExpositionText()
        text.family(Self.up, is: shared.isUp ? 1 : 0)
        text.family(Self.lookups)
        for (result, count) in [
            ("hit", lookups.hits), ("miss", lookups.misses), ("rejected", lookups.rejected),
            ("failed", lookups.failed), ("away", lookups.away),
        ] {
            text.sample([("result", result)], Double(count))
        }
        text.family(Self.writes)
        for (result, count) in [
            ("written", writes.written), ("failed", writes.failed),
            ("dropped", writes.dropped + lookups.dropped),
        ] {
            text.sample([("result", result)], Double(count))
        }
        return text
    }

    private static let up = MetricFamily(
        "tributary_cache_redis_up", .gauge,
        "Whether the server that the cache is shared in answers; absent without one.")
    private static let lookups = MetricFamily(
        "tributary_cache_redis_lookups_total", .counter,
        "Fragments of which memory had too little, by what the server had of them: more (hit), or "
            + "not (miss), an entry that is damaged or not signed (rejected), no answer in time "
            + "(failed), or it was known to be away (away).", labels: ["result"])
    private static let writes = MetricFamily(
        "tributary_cache_redis_writes_total", .counter,
        "Answers for other gateways, by what became of them: written, failed at the server, or "
            + "dropped for want of room.", labels: ["result"])

    static let families = [up, lookups, writes]
}
