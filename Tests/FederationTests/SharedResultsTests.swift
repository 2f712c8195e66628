import GoText
import PrometheusWire
import Redis
import Synchronization
import TestSupport
import Testing
import TimeSeries
import Upstream
import UpstreamSettings

@testable import Federation

/// A server that keeps bytes in the memory of the test.
final class SharedDouble: SharedBytes {
    struct State {
        var values: [[UInt8]: [UInt8]] = [:]
        var lifetimes: [Milliseconds] = []
        var asked = 0
        var removed = 0
        var isUp = true
        /// Does not even take what is to be written.
        var isFull = false
    }

    let state = Mutex(State())

    func first(
        _ count: Int, of keys: [[UInt8]], until deadline: MonotonicInstant
    ) async -> [RedisClient.Answer] {
        state.withLock { state in
            guard state.isUp else { return keys.map { _ in .away } }
            state.asked += 1
            return keys.map { .found(Array((state.values[$0] ?? []).prefix(count))) }
        }
    }

    func put(_ key: [UInt8], bytes: Int, _ value: @escaping @Sendable () -> RedisClient.Value?) {
        guard !state.withLock({ $0.isFull }), let value = value() else { return }
        state.withLock { state in
            state.values[key] = value.bytes
            state.lifetimes.append(value.lifetime)
        }
    }

    func remove(_ key: [UInt8]) {
        state.withLock { state in
            state.values[key] = nil
            state.removed += 1
        }
    }

    var isUp: Bool { state.withLock { $0.isUp } }
    var counts: RedisClient.Counts { RedisClient.Counts() }
}

/// What gateways take of one another.
@Suite struct SharedResultsTests {
    private static let now: Timestamp = 1_700_001_000_000
    private static let step: Milliseconds = 10_000

    /// One gateway of several.
    private struct Gateway {
        let memory = MemoryResultsStore(limit: 1 << 20)
        let arriving = ByteBudget(limit: 1 << 20)
        let store: SharedResultsStore

        init(
            _ shared: SharedDouble, secret: String? = nil, tail: Milliseconds = 60_000,
            lifetime: Milliseconds = 3_600_000, at now: Timestamp = SharedResultsTests.now
        ) {
            store = SharedResultsStore(
                memory: memory, shared: shared,
                keys: SharedKeys(prefix: "t:", secret: secret.map { Secret($0) }, tail: tail),
                timeout: .seconds(60), lifetime: lifetime, arriving: arriving, now: { now })
        }
    }

    private static func key(client: UInt64 = 1, text: String = "up") -> FragmentKey {
        FragmentKey(
            member: MemberIdentity(client: client, asked: SecretDigest(ofText: "m")), text: text,
            step: step, phase: 0, lookback: nil,
            injection: LabelInjection(name: "project", value: "a"),
            resultType: .matrix)
    }

    /// Steps of seconds before now, and what a member answers at them.
    private static func extent(
        _ from: Int64, _ through: Int64, asked: Timestamp = now, series: Int = 3
    ) throws -> CachedExtent {
        let samples = stride(from: from, through: through, by: -10).map { before in
            let seconds = now.milliseconds / 1000 - before
            return "[\(seconds),\"\(seconds)\"]"
        }
        let elements = (0..<series).map {
            "{\"metric\":{\"n\":\"\($0 + 1000)\"},\"values\":[\(samples.joined(separator: ","))]}"
        }
        var scanner = ResponseScanner()
        try scanner.append(
            Array(
                "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(elements.joined(separator: ","))]}}"
                    .utf8))
        _ = try scanner.finish()
        return CachedExtent(
            from: now - Milliseconds(from * 1000), through: now - Milliseconds(through * 1000),
            pages: scanner.takePages(), asked: asked)
    }

    private static func window(
        _ from: Int64, _ through: Int64, at time: Timestamp = now
    ) throws -> CachedWindow {
        try #require(
            CachedWindow(
                "up",
                on: StepGrid(
                    start: now - Milliseconds(from * 1000), end: now - Milliseconds(through * 1000),
                    step: step), tail: 60_000, now: time))
    }

    private static func bytes(_ extents: [CachedExtent]) -> [[UInt8]] {
        extents.map { $0.pages.flatMap(\.bytes) }
    }

    @Test(arguments: [nil, "a secret of both"])
    func whatOneGatewayKeepsTheOtherFinds(secret: String?) async throws {
        let shared = SharedDouble()
        let (one, other) = (Gateway(shared, secret: secret), Gateway(shared, secret: secret))
        let extent = try Self.extent(600, 100)
        await one.store.put(extent, at: Self.key(), inPlaceOf: nil)
        let window = try Self.window(600, 100)
        let found = await other.store.extents(of: Self.key(client: 77), for: window)
        #expect(Self.bytes(found) == Self.bytes([extent]))
        #expect((found.first?.from, found.first?.asked) == (extent.from, extent.asked))
        #expect(other.store.counted.hits == 1)
        // From now on it has it itself.
        let asked = shared.state.withLock { $0.asked }
        #expect(await other.store.extents(of: Self.key(client: 77), for: window).count == 1)
        #expect(shared.state.withLock { $0.asked } == asked)
        // Nothing is lent any more.
        #expect(one.arriving.load == 0 && other.arriving.load == 0)
        // Of another text there is nothing.
        #expect(
            await other.store.extents(of: Self.key(text: "down"), for: window).isEmpty)
    }

    @Test func anotherSecretAndAnotherTailShareNothing() async throws {
        let shared = SharedDouble()
        let one = Gateway(shared, secret: "0123456789abcdef")
        await one.store.put(try Self.extent(600, 100), at: Self.key(), inPlaceOf: nil)
        let window = try Self.window(600, 100)
        for other in [
            Gateway(shared), Gateway(shared, secret: "0123456789abcdeF"),
            Gateway(shared, secret: "0123456789abcdef", tail: 0),
        ] {
            #expect(await other.store.extents(of: Self.key(), for: window).isEmpty)
            #expect(other.store.counted.misses == 1)
        }
        // Put at the name that the others look at, it is not taken, and goes.
        let name = { (secret: String?) in
            let keys = SharedKeys(prefix: "t:", secret: secret.map { Secret($0) }, tail: 60_000)
            let extent = SharedKeys.slot(of: Self.now - 100_000)
            return (keys.name(of: keys.digest(of: Self.key(), slot: extent)))
        }
        shared.state.withLock { $0.values[name(nil)] = $0.values[name("0123456789abcdef")] }
        let other = Gateway(shared)
        #expect(await other.store.extents(of: Self.key(), for: window).isEmpty)
        #expect(other.store.counted.rejected == 1)
        #expect(shared.state.withLock { $0.values.count } == 1)
    }

    /// Who can write to the server knows what an entry looks like, but not the secret.
    @Test func anEntryWithoutTheSecretIsNotTaken() async throws {
        let shared = SharedDouble()
        let key = Self.key()
        let extent = try Self.extent(600, 100)
        let signed = SharedKeys(prefix: "t:", secret: Secret("0123456789abcdef"), tail: 60_000)
        let plain = SharedKeys(prefix: "t:", secret: nil, tail: 60_000)
        let digest = signed.digest(of: key, slot: SharedKeys.slot(of: extent.through))
        let block = ExtentBlock(
            from: extent.from, through: extent.through, asked: extent.asked, widest: 0,
            type: .matrix, pages: extent.pages)
        let window = try Self.window(600, 100)
        for (seal, hits) in [(plain.seal, 0), (signed.seal, 1)] {
            shared.state.withLock {
                $0.values[signed.name(of: digest)] = block.bytes(
                    digest: digest, limit: 1 << 20, seal: seal)
            }
            let gateway = Gateway(shared, secret: "0123456789abcdef")
            #expect(await gateway.store.extents(of: key, for: window).count == hits)
            #expect(gateway.store.counted.rejected == 1 - hits)
        }
    }

    /// Gateways' clocks differ a little, and no answer is used for longer than an hour.
    @Test func whatWasAskedTooLongAgoOrInTheFutureIsNotUsed() async throws {
        for (asked, hits) in [
            (now + 1, 0), (Self.now, 1), (Self.now - 3_600_000, 1), (Self.now - 3_600_001, 0),
        ] {
            let shared = SharedDouble()
            let writer = Gateway(shared, at: asked)
            await writer.store.put(
                try Self.extent(600, 100, asked: asked), at: Self.key(), inPlaceOf: nil)
            let reader = Gateway(shared)
            let found = await reader.store.extents(
                of: Self.key(), for: try Self.window(600, 100))
            #expect(found.count == hits, "asked \(asked - Self.now) from now")
            #expect(reader.store.counted.hits == hits)
        }
    }

    private var now: Timestamp { Self.now }

    @Test func anEntryEndsWhenItIsOfNoMoreUse() async throws {
        for (age, lifetime, expected): (Int64, Int64, [Milliseconds]) in [
            (0, 3_600_000, [3_600_000]), (600_000, 3_600_000, [3_000_000]),
            (600_000, 60_000, [60_000]), (3_599_999, 60_000, [1]), (3_600_000, 60_000, []),
        ] {
            let shared = SharedDouble()
            let gateway = Gateway(shared, lifetime: Milliseconds(lifetime))
            await gateway.store.put(
                try Self.extent(600, 100, asked: Self.now - Milliseconds(age)), at: Self.key(),
                inPlaceOf: nil)
            #expect(shared.state.withLock { $0.lifetimes } == expected)
        }
    }

    /// The newest steps are asked for anyhow, and a few more with them.
    @Test func aServerIsAskedOnlyForWhatIsWorthIt() async throws {
        let shared = SharedDouble()
        let gateway = Gateway(shared)
        await gateway.store.put(try Self.extent(1000, 110), at: Self.key(), inPlaceOf: nil)
        func asks(_ from: Int64, _ through: Int64) async throws -> Bool {
            let before = shared.state.withLock { $0.asked }
            _ = await gateway.store.extents(
                of: Self.key(), for: try Self.window(from, through))
            return shared.state.withLock { $0.asked } > before
        }
        #expect(try await !asks(1000, 110))
        #expect(try await !asks(900, 200))
        // Up to now: of 95 steps that can be kept 5 are not there, or 60 of 150.
        #expect(try await !asks(1000, 0))
        #expect(try await asks(1600, 0))
        // No member need be asked if the server has the rest.
        #expect(try await asks(1010, 110))
        #expect(try await asks(1000, 100))
    }

    /// Windows of last week and of today do not drive each other out.
    @Test func daysHaveValuesOfTheirOwn() async throws {
        let shared = SharedDouble()
        let (one, other) = (Gateway(shared), Gateway(shared))
        let week = 7 * 86_400
        let windows = [(600, 100), (Int64(week) + 600, Int64(week) + 100)]
        for (from, through) in windows {
            await one.store.put(
                try Self.extent(from, through), at: Self.key(), inPlaceOf: nil)
        }
        for (from, through) in windows {
            let found = await other.store.extents(
                of: Self.key(), for: try Self.window(from, through))
            #expect(found.contains { $0.from == Self.now - Milliseconds(from * 1000) })
        }
        // A window over midnight finds what ends in the day before.
        let midnight = Self.now.milliseconds % 86_400_000 / 1000
        await one.store.put(
            try Self.extent(midnight + 1000, midnight + 10), at: Self.key(text: "late"),
            inPlaceOf: nil)
        let found = await other.store.extents(
            of: Self.key(text: "late"), for: try Self.window(midnight + 1000, midnight - 100))
        #expect(found.count == 1)
    }

    @Test func aServerThatIsAwayChangesNothing() async throws {
        let shared = SharedDouble()
        shared.state.withLock { $0.isUp = false }
        let gateway = Gateway(shared)
        let window = try Self.window(600, 100)
        #expect(await gateway.store.extents(of: Self.key(), for: window).isEmpty)
        #expect(gateway.store.counted.away == 1)
        let extent = try Self.extent(600, 100)
        await gateway.store.put(extent, at: Self.key(), inPlaceOf: nil)
        #expect(await gateway.store.extents(of: Self.key(), for: window).count == 1)
        #expect(gateway.store.exposition().families.first?.samples.map(\.value) == [0])
    }

    /// There is a bound for what is read and what waits to be written.
    @Test func whatDoesNotFitIsNotSharedAndIsCounted() async throws {
        let shared = SharedDouble()
        let (gateway, other) = (Gateway(shared), Gateway(shared))
        let loan = gateway.arriving.loan(1 << 20)
        await gateway.store.put(try Self.extent(600, 100), at: Self.key(), inPlaceOf: nil)
        #expect(gateway.store.counted.dropped == 1)
        #expect(shared.state.withLock { $0.values.isEmpty })
        withExtendedLifetime(loan) {}
        // Longer than one may be.
        await other.store.put(
            try Self.extent(6000, 100, series: 100), at: Self.key(), inPlaceOf: nil)
        #expect(shared.state.withLock { $0.values.isEmpty })
        // What another gateway wrote is read once there is memory for it.
        await other.store.put(try Self.extent(600, 100), at: Self.key(), inPlaceOf: nil)
        let window = try Self.window(600, 100)
        let reader = Gateway(shared)
        let taken = reader.arriving.loan(1 << 20)
        #expect(await reader.store.extents(of: Self.key(), for: window).isEmpty)
        #expect(reader.store.counted.misses == 1)
        withExtendedLifetime(taken) {}
    }

    // MARK: - Names

    @Test func theNameOfAnEntryIsPinned() {
        let plain = SharedKeys(prefix: "tributary:", secret: nil, tail: 600_000)
        let signed = SharedKeys(
            prefix: "tributary:", secret: Secret("0123456789abcdef"), tail: 600_000)
        let text = { (keys: SharedKeys) in
            String(
                decoding: keys.name(of: keys.digest(of: Self.key(), slot: 19_675)), as: UTF8.self)
        }
        #expect(
            text(plain)
                == "tributary:7c00a00c01b1bf6a6be7647097df1d89c75433b827f49c144fedbfa3bf150282")
        #expect(
            text(signed)
                == "tributary:c820ef60476e304039958dd046d5d44904f1086fc762c9360c027fa5073c709f")
    }

    @Test func whateverAnAnswerDependsOnIsInTheName() {
        let keys = SharedKeys(prefix: "", secret: nil, tail: 600_000)
        var all: [[UInt8]] = [keys.digest(of: Self.key(), slot: 1)]
        func add(_ change: (inout FragmentKey) -> Void) {
            var key = Self.key()
            change(&key)
            all.append(keys.digest(of: key, slot: 1))
        }
        add { $0.member = MemberIdentity(client: 1, asked: SecretDigest(ofText: "n")) }
        add { $0.text = "down" }
        add { $0.step = 20_000 }
        add { $0.phase = 1 }
        add { $0.lookback = 1 }
        add { $0.injection = nil }
        add { $0.injection = LabelInjection(name: "", value: "a") }
        add { $0.injection = LabelInjection(name: "project", value: "b") }
        add {
            $0.injection = LabelInjection([
                .init(name: "project", value: "a"), .init(name: "region", value: "eu"),
            ])
        }
        add {
            $0.injection = LabelInjection([
                .init(name: "project", value: "a"), .init(name: "region", value: ""),
            ])
        }
        add { $0.resultType = .vector }
        all.append(keys.digest(of: Self.key(), slot: 2))
        all.append(
            SharedKeys(prefix: "", secret: nil, tail: 0).digest(of: Self.key(), slot: 1))
        #expect(Set(all).count == all.count)
        // The number of a client is no part of it.
        #expect(keys.digest(of: Self.key(client: 5), slot: 1) == all[0])
    }
}
