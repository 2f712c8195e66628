import GoText
import PrometheusWire
import Synchronization
import TestSupport
import Testing
import TimeSeries
import Upstream
import UpstreamSettings

@testable import Federation

/// A member that answers one float at every step: the time in seconds, of each of some series.
final class Clockwork: FragmentSource {
    private struct State {
        var grids: [StepGrid] = []
        var gates: [CheckedContinuation<Void, Never>] = []
        var isShut = false
    }

    private let state = Mutex(State())
    private let series: Int
    private let tail: String

    /// - Parameter tail: of the answer's JSON.
    init(series: Int = 1, tail: String = "") {
        self.series = series
        self.tail = tail
    }

    var grids: [StepGrid] { state.withLock { $0.grids } }

    /// Lets no answer begin from now on.
    func shut() { state.withLock { $0.isShut = true } }

    func open() {
        let gates = state.withLock { state in
            state.isShut = false
            defer { state.gates = [] }
            return state.gates
        }
        for gate in gates { gate.resume() }
    }

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        await withCheckedContinuation { gate in
            let isOpen = state.withLock { state in
                state.grids.append(question.grid)
                if state.isShut { state.gates.append(gate) }
                return !state.isShut
            }
            if isOpen { gate.resume() }
        }
        if Task.isCancelled { throw UpstreamError(kind: .cancelled) }
        let grid = question.grid
        let samples = (0..<grid.count).map { step in
            let seconds = grid.time(at: step).milliseconds / 1000
            return "[\(seconds),\"\(seconds)\"]"
        }
        let list =
            grid.isInstant
            ? "\"value\":\(samples[0])" : "\"values\":[\(samples.joined(separator: ","))]"
        let elements = (0..<series).map { "{\"metric\":{\"n\":\"\($0 + 1000)\"},\(list)}" }
        let type = grid.isInstant ? "vector" : "matrix"
        let body =
            "{\"status\":\"success\",\"data\":{\"resultType\":\"\(type)\",\"result\":[\(elements.joined(separator: ","))]}\(tail)}"
        return try ScannedStream(Array(body.utf8), question)
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }
}

@Suite struct ResultsCacheTests {
    private static let now: Timestamp = 1_700_001_000_000
    private static let tail: Milliseconds = 100_000

    private static func cache(bytes: Int = 8 << 20) -> ResultsCache {
        ResultsCache(bytes: bytes, tail: tail)
    }

    private static func source(
        _ member: Clockwork, _ cache: ResultsCache, client: UInt64 = 1, credentials: String = "",
        at now: Timestamp = now, asPrometheus: Bool = true
    ) -> CachingSource {
        CachingSource(
            member, MemberIdentity(client: client, asked: SecretDigest(ofText: credentials)),
            cache: cache,
            now: { now }, evaluatesAsPrometheus: { asPrometheus })
    }

    /// Seconds before now.
    private static func question(
        _ from: Int64, _ through: Int64, text: String = "up", lookback: Milliseconds? = nil
    ) -> FragmentQuestion {
        FragmentQuestion(
            text: text,
            grid: StepGrid(
                start: now - Milliseconds(from * 1000), end: now - Milliseconds(through * 1000),
                step: 10_000),
            lookback: lookback, deadline: .now + .seconds(60))
    }

    private static func instant(_ before: Int64) -> FragmentQuestion {
        FragmentQuestion(
            text: "up", grid: .instant(now - Milliseconds(before * 1000)),
            deadline: .now + .seconds(60))
    }

    /// The JSON of an answer's series.
    private static func text(
        _ source: CachingSource, _ question: FragmentQuestion
    ) async throws -> String {
        let stream = try await source.open(question)
        var bytes: [UInt8] = []
        while let page = try await stream.next() { bytes += page.bytes }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func steps(_ member: Clockwork) -> [Int] { member.grids.map(\.count) }

    @Test func onlyTheStepsThatAreNotThereAreAsked() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let source = Self.source(member, cache)
        let whole = try await Self.text(Clockwork().cached, Self.question(600, 200))
        #expect(try await Self.text(source, Self.question(500, 300)).count > 0)
        // A head and a tail.
        #expect(try await Self.text(source, Self.question(600, 200)) == whole)
        #expect(try await Self.text(source, Self.question(600, 200)) == whole)
        // Within what is there, by then.
        #expect(
            try await Self.text(source, Self.question(550, 250))
                == Self.text(Clockwork().cached, Self.question(550, 250)))
        #expect(Self.steps(member) == [21, 10, 10])
        #expect(cache.counted.hits == 2 && cache.counted.partialHits == 1)
        #expect(cache.counted.stepsSaved == 21 + 41 + 31)
    }

    @Test func valuesYoungerThanTheTailAreAskedEachTime() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let source = Self.source(member, cache)
        for _ in 0..<3 { _ = try await Self.text(source, Self.question(500, 0)) }
        // At 100 s the tail begins, so ten steps are younger.
        #expect(Self.steps(member) == [51, 10, 10])
        // What looks 50 s ahead is settled 50 s later.
        for _ in 0..<2 {
            _ = try await Self.text(source, Self.question(500, 0, text: "up offset -50s"))
        }
        #expect(Self.steps(member).suffix(2) == [51, 15])
        _ = try await Self.text(source, Self.instant(99))
        _ = try await Self.text(source, Self.instant(99))
        _ = try await Self.text(source, Self.instant(100))
        _ = try await Self.text(source, Self.instant(100))
        #expect(Self.steps(member).suffix(3) == [1, 1, 1])
    }

    @Test(arguments: [
        #","warnings":["w"]"#, #","infos":["i"]"#, #","isPartial":true"#,
    ])
    func answersThatSayMoreThanTheirSeriesAreNotKept(tail: String) async throws {
        let (member, cache) = (Clockwork(tail: tail), Self.cache())
        let source = Self.source(member, cache)
        for _ in 0..<2 {
            let stream = try await source.open(Self.question(500, 200))
            while try await stream.next() != nil {}
            let trailer = await stream.trailer()
            #expect(!trailer.warnings.isEmpty || !trailer.infos.isEmpty || trailer.isPartial)
        }
        #expect(Self.steps(member) == [31, 31])
        #expect(cache.store.load.extents == 0)
    }

    /// Where a part is there and the rest comes with a warning, all of it is asked for.
    @Test func whatCannotBeJoinedIsAskedWholly() async throws {
        let cache = Self.cache()
        _ = try await Self.text(Self.source(Clockwork(), cache), Self.question(500, 300))
        let warning = Clockwork(tail: #","warnings":["w"]"#)
        let stream = try await Self.source(warning, cache).open(Self.question(500, 200))
        while try await stream.next() != nil {}
        #expect(await stream.trailer().warnings == ["w"])
        #expect(Self.steps(warning) == [10, 31])
    }

    @Test func anAnswerIsOfOneMemberAndItsCredentialsAndParameters() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let question = Self.question(500, 200)
        _ = try await Self.text(Self.source(member, cache), question)
        _ = try await Self.text(Self.source(member, cache, client: 2), question)
        _ = try await Self.text(Self.source(member, cache, credentials: "others"), question)
        let source = Self.source(member, cache)
        _ = try await Self.text(source, Self.question(500, 200, lookback: 60_000))
        _ = try await Self.text(source, Self.question(500, 200, text: #"up{team="a"}"#))
        _ = try await Self.text(source, Self.question(503, 203))
        var injected = question
        injected.injection = LabelInjection(name: "project", value: "a")
        _ = try await Self.text(source, injected)
        #expect(Self.steps(member) == [Int](repeating: 31, count: 7))
        _ = try await Self.text(source, injected)
        #expect(Self.steps(member).count == 7)
        cache.store.keep(clients: [2])
        #expect(cache.store.load.extents == 1)
    }

    @Test func whatAnswersOtherwiseThanPrometheusIsNotKept() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let source = Self.source(member, cache, asPrometheus: false)
        for _ in 0..<2 { _ = try await Self.text(source, Self.question(500, 200)) }
        #expect(Self.steps(member) == [31, 31])
    }

    @Test func anAnswerIsForgottenAfterAnHour() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        for (seconds, asked) in [(0, 1), (3600, 1), (3601, 2), (7201, 2)] as [(Int64, Int)] {
            let source = Self.source(
                member, cache, at: Self.now + Milliseconds(seconds * 1000))
            _ = try await Self.text(source, Self.question(500, 200))
            #expect(member.grids.count == asked)
        }
    }

    @Test func theMemoryIsBoundedAndTheOldestGoFirst() async throws {
        let cache = Self.cache(bytes: 1 << 20)
        let member = Clockwork(series: 20)
        let source = Self.source(member, cache)
        for index in 0..<60 {
            _ = try await Self.text(source, Self.question(600, 200, text: "up + \(index)"))
            // One that is used all the time stays.
            _ = try await Self.text(source, Self.question(600, 200, text: "up"))
            #expect(cache.store.load.bytes <= 3 << 18)
        }
        #expect(cache.store.load.evictions > 0)
        #expect(member.grids.count == 61)
        // No room for one as large as that, which is given all the same.
        let large = Clockwork(series: 400)
        let other = Self.source(large, cache, client: 2)
        let expected = try await Self.text(Clockwork(series: 400).cached, Self.question(600, 200))
        for _ in 0..<2 {
            #expect(try await Self.text(other, Self.question(600, 200)) == expected)
        }
        #expect(large.grids.count == 2)
        #expect(cache.exposition().families.flatMap(\.samples).allSatisfy { $0.value >= 0 })
    }

    // MARK: - The same question twice

    private static func waitUntil(_ isSo: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !isSo() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func whoAsksTheSameAtTheTimeSharesTheAnswer() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let source = Self.source(member, cache)
        // Of now, so that nothing is kept.
        let question = Self.question(90, 0)
        member.shut()
        let asking = (0..<5).map { _ in Task { try await Self.text(source, question) } }
        try await Self.waitUntil { member.grids.count == 1 && cache.counted.passed == 5 }
        member.open()
        let expected = try await Self.text(Clockwork().cached, question)
        for one in asking { #expect(try await one.value == expected) }
        // One that came late, once the answer was there, asks again.
        #expect(cache.counted.shared + member.grids.count == 5)
        #expect(member.grids.count < 5)
    }

    @Test func whenTheFirstGoesAwayTheOthersGetTheirAnswer() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let source = Self.source(member, cache)
        let question = Self.question(90, 0)
        member.shut()
        let first = Task { try await Self.text(source, question) }
        try await Self.waitUntil { member.grids.count == 1 }
        let others = (0..<3).map { _ in Task { try await Self.text(source, question) } }
        try await Self.waitUntil { cache.counted.passed == 4 }
        first.cancel()
        member.open()
        let expected = try await Self.text(Clockwork().cached, question)
        for one in others { #expect(try await one.value == expected) }
    }

    @Test func whoseTimeIsUpWaitsNoLonger() async throws {
        let (member, cache) = (Clockwork(), Self.cache())
        let source = Self.source(member, cache)
        member.shut()
        let first = Task { try await Self.text(source, Self.question(90, 0)) }
        try await Self.waitUntil { member.grids.count == 1 }
        var hasty = Self.question(90, 0)
        hasty.deadline = .now + .milliseconds(20)
        let second = Task { [hasty] in try await Self.text(source, hasty) }
        // It asks for itself then, as it would have.
        try await Self.waitUntil { member.grids.count == 2 }
        member.open()
        _ = try await first.value
        _ = try await second.value
    }

    // MARK: - What a text looks at

    @Test(
        arguments: [
            ("up", 0, nil), ("up offset 5m", 0, nil), ("up offset -5m", 300, nil),
            ("sum(rate(x[5m] offset -1m)) / sum(y offset -2m)", 120, nil),
            ("max_over_time(up[5m:1m] offset -1m)", 60, nil),
            ("max_over_time((up offset -2m)[5m:1m] offset -1m)", 180, nil),
            ("max_over_time((up offset -2m)[5m:1m] offset 5m)", 0, nil),
            ("up @ 1000", 0, 1000), ("up @ 1000 offset -10s", 0, 1010),
            ("max_over_time((up @ 500)[5m:1m] offset -1h)", 0, 500),
            ("time()", 0, nil), ("x or y", 0, nil), ("-x", 0, nil),
        ] as [(String, Int64, Int64?)])
    func theTimesThatATextLooksAt(text: String, ahead: Int64, fixed: Int64?) throws {
        let reach = try #require(FragmentReach(text))
        #expect(reach.ahead == Milliseconds(ahead * 1000))
        #expect(reach.fixed == fixed.map { Timestamp(milliseconds: $0 * 1000) })
    }

    @Test(
        arguments: [
            ("up", 0), ("up offset 5m", 300), ("up offset -5m", 0), ("time()", 0),
            ("rate(x[5m])", 300), ("rate(x[5m] offset 1h) + y offset 2h", 7200),
            ("rate(x[5m] offset -1h)", 0), ("max_over_time(rate(x[5m])[1h:1m] offset 1d)", 90_300),
            ("rate(x[5m] @ 1000)", 300), ("max_over_time((x offset 1m)[1h:])", 3660),
        ] as [(String, Int64)])
    func whatIsReadBeforeAStep(text: String, seconds: Int64) throws {
        let reach = try #require(FragmentReach(text))
        #expect(reach.behind == Milliseconds(seconds * 1000))
    }

    @Test(arguments: [
        "up @ start()", "sum(up @ end())", "max_over_time(up[5m:1m] @ end())",
        "max_over_time(up[5m:1m] @ 1000)",
        "max_over_time((up @ start())[5m:1m])", "time() - start()", "limitk(1, up)",
        "limit_ratio(0.5, up)", #"{__name__=~"a|b"}"#, #"{job="x"}"#,
        #"label_replace(up, "a", "b", "c", "d")"#, #"label_join(up, "a", "-", "b")"#,
        "info(up)", "-(x or y)", "max_over_time((x or y)[5m:1m])", "up[5m", "rate(x[5m] smoothed)",
        "rate(x[1m + step()])", "up @ 1e15",
    ])
    func whatDependsOnMoreThanTheStepIsNotKept(text: String) {
        #expect(FragmentReach(text) == nil)
    }
}

extension Clockwork {
    /// With a cache of its own that knows nothing.
    fileprivate var cached: CachingSource {
        CachingSource(
            self, MemberIdentity(client: 0), cache: ResultsCache(bytes: 8 << 20, tail: 100_000),
            now: { 1_700_001_000_000 })
    }
}
