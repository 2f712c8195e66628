import EmbeddedPrometheus
import GatewayConfiguration
import GoText
import PromQL
import PromQLEngine
import PromQLTest
import PrometheusServer
import PrometheusWire
import Synchronization
import TestSupport
import Testing
import TimeSeries
import Upstream
import UpstreamSettings

@testable import Federation

/// Members over engines in memory, whose samples come in some time after their own times.
final class LateMembers: Sendable {
    private struct Arrival: Sendable {
        var at: Timestamp
        var member: Int
        var series: SampleSeries
    }

    let names: [String]
    let apis: [EmbeddedAPI]
    /// Steps, and questions for them.
    let asked = Mutex(0)
    let questions = Mutex(0)
    private let arrivals: [Arrival]
    private let state: Mutex<(now: Timestamp, next: Int)>

    /// - Parameter latest: how long after its time a sample comes in at most.
    init(_ data: GeneratedData, latest: Milliseconds, _ random: inout SeededRandom) {
        names = data.members
        apis = data.members.map { _ in EmbeddedAPI(store: MemoryStore()) }
        var arrivals: [Arrival] = []
        for (member, all) in data.series.enumerated() {
            for series in all {
                for index in series.times.indices {
                    var one = SampleSeries(
                        labels: series.labels, times: [series.times[index]],
                        values: [series.values[index]])
                    if let histogram = series.histograms[index] { one.histograms[0] = histogram }
                    // Most soon, some as late as can be, and not in their order.
                    let delay =
                        random.oneIn(6) ? latest : Milliseconds(Int64(random.below(5000)))
                    arrivals.append(
                        Arrival(at: series.times[index] + delay, member: member, series: one))
                }
            }
        }
        self.arrivals = arrivals.sorted { $0.at < $1.at }
        state = Mutex((data.start, 0))
    }

    var now: Timestamp { state.withLock { $0.now } }

    /// Lets everything come in that does until then.
    func move(to time: Timestamp) {
        let come = state.withLock { state in
            let first = state.next
            while state.next < arrivals.count, arrivals[state.next].at <= time { state.next += 1 }
            state.now = time
            return arrivals[first..<state.next]
        }
        for (member, api) in apis.enumerated() {
            api.store.insert(come.filter { $0.member == member }.map(\.series))
        }
    }

    func source(_ name: String) -> EngineSource {
        EngineSource(api: apis[names.firstIndex(of: name) ?? 0]) { steps in
            self.asked.withLock { $0 += steps }
            self.questions.withLock { $0 += 1 }
        }
    }
}

/// A member that is an engine in this process. Its answers pass through JSON, as those over a network
/// do.
struct EngineSource: FragmentSource {
    let api: EmbeddedAPI
    /// Is told how many steps were asked for.
    let onAsked: @Sendable (Int) -> Void

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        onAsked(question.grid.count)
        let grid = question.grid
        var pairs = [("query", question.text)]
        if grid.isInstant {
            pairs.append(("time", TimestampText.parameter(grid.start)))
        } else {
            pairs += [
                ("start", TimestampText.parameter(grid.start)),
                ("end", TimestampText.parameter(grid.end)), ("step", "\(grid.step.seconds)"),
            ]
        }
        if let lookback = question.lookback {
            pairs.append(("lookback_delta", "\(lookback.seconds)"))
        }
        let path = grid.isInstant ? "/api/v1/query" : "/api/v1/query_range"
        guard let request = PrometheusRequest(method: "GET", target: "\(path)?\(pairs.asForm)"),
            let (status, _, body) = try? await api.respond(to: request).collected()
        else { throw .unavailable("no answer") }
        guard status == 200 else {
            throw UpstreamError(
                kind: .rejectedQuery(
                    status: status, errorType: "execution",
                    text: String(decoding: body, as: UTF8.self)))
        }
        return try ScannedStream(body, question)
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }
}

actor ScannedStream: FragmentStream {
    private var pages: [SeriesPage]
    private let end: ResponseScanner.Trailer

    init(_ body: [UInt8], _ question: FragmentQuestion) throws(UpstreamError) {
        var limits = ResponseScanner.Limits()
        limits.page = 2000
        var scanner = ResponseScanner(
            injecting: question.injection, on: question.grid,
            expecting: question.grid.isInstant ? question.resultType : .matrix, limits: limits)
        do throws(ScanError) {
            try scanner.append(body)
            end = try scanner.finish()
        } catch {
            throw .unavailable(error.description)
        }
        pages = scanner.takePages()
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        pages.isEmpty ? nil : pages.removeFirst()
    }

    func trailer() async -> ResponseScanner.Trailer { end }
}

extension [(String, String)] {
    /// As the query of a URL.
    var asForm: String {
        func escaped(_ text: String) -> String {
            text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
    }
}

@Suite struct CachedAnswersTests {
    /// A query that is asked again and again, of a window that moves.
    struct Panel {
        var text: String
        var step: Int64
        var length: Int64
        var isAligned: Bool
        var lookback: String?
    }

    static func execution(
        _ members: LateMembers, _ source: @escaping @Sendable (Member) -> any FragmentSource
    ) -> QueryExecution {
        QueryExecution(
            settings: QuerySettings(), limits: Limits(),
            resources: QueryResources(
                .init(computing: 2, requestBytes: 16 << 20, memoryBytes: 256 << 20)),
            source: source, boundary: { _, _ in .leftOpen }, now: { members.now })
    }

    static func union(of members: LateMembers) -> ResolvedProject {
        ResolvedProject(
            name: "all",
            members: members.names.map {
                Member(name: $0, source: .unavailable(reason: "unused"))
            },
            isMultiCluster: true, partialResponse: .safe, exactness: .twoStep,
            partition: PartitionLabel())
    }

    static func answer(
        _ execution: QueryExecution, _ project: ResolvedProject, _ pairs: [(String, String)]
    ) async throws -> String {
        let request = try #require(
            PrometheusRequest(
                method: "GET", target: "/api/v1/query_range?\(pairs.asForm)"))
        let response = await execution.respond(
            to: request, project: project,
            kind: pairs.contains { $0.0 == "time" } ? .instant : .range)
        let (status, _, body) = try await response.collected()
        return "\(status) \(String(decoding: body, as: UTF8.self))"
    }

    static func panels(
        _ members: [String], _ random: inout SeededRandom
    ) -> [Panel] {
        let profile = GeneratedData.profile(members: members, .release35)
        var generator = QueryGenerator(seed: random.next(), profile)
        return (0..<14).map { index in
            // Generated ones, and those that dashboards have.
            let usual = [
                "requests_total", "sum by (job) (rate(requests_total[2m]))", "memory offset -30s",
                "max_over_time(temperature[1m:15s] offset -45s)",
                "histogram_quantile(0.9, sum(rate(durations[2m])))",
                "absent(temperature{job=\"db\"})", "topk(2, memory)",
            ]
            return Panel(
                text: index < 5 ? random.pick(usual) : generator.next().text,
                step: random.pick([7_000, 15_000, 30_000]),
                length: random.pick([120_000, 300_000, 700_000]),
                isAligned: !random.oneIn(5), lookback: random.oneIn(4) ? "40s" : nil)
        }
    }

    /// Whatever is asked, of whatever window, while samples come in within the tail: the answer by way
    /// of the cache is the answer without it, to the byte.
    @Test(arguments: UInt64(0)..<6)
    func aCachedAnswerIsTheUncachedOneToTheByte(seed: UInt64) async throws {
        let caches = try await Self.compare(seed) { bytes, tail, members in
            [ResultsCache(bytes: bytes, tail: tail)]
        }
        // Else nothing is proved.
        let counts = caches[0].counted
        #expect(counts.hits + counts.partialHits > 20, "\(counts)")
        #expect(counts.misses > 0 && counts.stepsSaved > 100, "\(counts)")
    }

    /// The same of gateways that keep answers for one another, and are asked in turn.
    @Test(arguments: UInt64(100)..<106)
    func aSharedAnswerIsTheUncachedOneToTheByte(seed: UInt64) async throws {
        let shared = SharedDouble()
        let stores = Mutex<[SharedResultsStore]>([])
        let caches = try await Self.compare(seed) { bytes, tail, members in
            (0..<2).map { _ in
                // The second time an answer is looked for in memory, it is often gone.
                let arriving = ByteBudget(limit: bytes / 4)
                let store = SharedResultsStore(
                    memory: MemoryResultsStore(limit: bytes == 200_000 ? 10_000 : bytes),
                    shared: shared, keys: SharedKeys(prefix: "", secret: nil, tail: tail),
                    timeout: .seconds(60), arriving: arriving, now: { members.now })
                stores.withLock { $0.append(store) }
                return ResultsCache(store: store, arriving: arriving, tail: tail)
            }
        }
        let hits = stores.withLock { $0.map(\.counted.hits) }
        #expect(hits.allSatisfy { $0 > 5 }, "\(hits)")
        #expect(stores.withLock { $0.allSatisfy { $0.counted.rejected == 0 } })
        let counts = caches.map(\.counted)
        #expect(counts.reduce(0) { $0 + $1.hits + $1.partialHits } > 20, "\(counts)")
    }

    /// - Parameter caches: Makes those of the gateways, of so many bytes and with such a tail.
    private static func compare(
        _ seed: UInt64,
        caches: (_ bytes: Int, _ tail: Milliseconds, _ members: LateMembers) -> [ResultsCache]
    ) async throws -> [ResultsCache] {
        var random = SeededRandom(seed: seed)
        let tail: Milliseconds = random.pick([60_000, 120_000])
        let data = GeneratedData(seed: seed, partitions: 1 + random.below(3))
        let members = LateMembers(data, latest: tail, &random)
        // In some runs answers go and come back, for want of room.
        let caches = caches(random.oneIn(3) ? 200_000 : 32 << 20, tail, members)
        let cached = caches.enumerated().map { gateway, cache in
            // No two gateways count their clients alike.
            let identities = Dictionary(
                uniqueKeysWithValues: members.names.enumerated().map {
                    (
                        $1,
                        MemberIdentity(
                            client: UInt64(100 * gateway + $0), asked: SecretDigest(ofText: $1))
                    )
                })
            return execution(members) { member in
                CachingSource(
                    members.source(member.name), identities[member.name], cache: cache,
                    now: { members.now })
            }
        }
        let uncached = Self.execution(members) { members.source($0.name) }
        let isOwn = members.names.count == 1 && random.oneIn(2)
        let project = ResolvedProject(
            name: "all",
            members: members.names.map {
                Member(name: $0, source: .unavailable(reason: "unused"))
            },
            isMultiCluster: !isOwn, partialResponse: .safe, exactness: .twoStep,
            partition: isOwn ? .none : PartitionLabel())
        let panels = Self.panels(members.names, &random)
        members.move(to: data.start + 300_000)
        for _ in 0..<9 {
            members.move(to: members.now + Milliseconds(Int64(random.below(90_000))))
            for panel in panels where !random.oneIn(4) {
                var end = members.now.milliseconds
                if random.oneIn(4) { end -= Int64(random.below(400_000)) }
                if panel.isAligned { end -= end % panel.step }
                var start = end - panel.length
                if panel.isAligned { start -= start % panel.step }
                var pairs = [("query", panel.text)]
                if random.oneIn(8) {
                    pairs.append(("time", "\(Double(start) / 1000)"))
                } else {
                    pairs += [
                        ("start", "\(Double(start) / 1000)"), ("end", "\(Double(end) / 1000)"),
                        ("step", "\(Double(panel.step) / 1000)"),
                    ]
                }
                if let lookback = panel.lookback { pairs.append(("lookback_delta", lookback)) }
                let expected = try await Self.answer(uncached, project, pairs)
                let given = try await Self.answer(
                    cached[random.below(cached.count)], project, pairs)
                #expect(given == expected, "seed \(seed): \(pairs) at \(members.now)")
                if given != expected { return caches }
            }
        }
        return caches
    }

    /// With and without a cache, ranges that members are asked for in parts are answered as those that
    /// are asked for wholly, to the byte.
    @Test(arguments: UInt64(0)..<6)
    func theAnswerInPartsIsTheWholeOneToTheByte(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let data = GeneratedData(seed: seed, partitions: 1 + random.below(3))
        let members = LateMembers(data, latest: 0, &random)
        members.move(to: data.end + 10_000)
        let cache = ResultsCache(bytes: 32 << 20, tail: 30_000)
        var rule = SplittingSource.Rule(day: random.pick([17_000, 60_000, 200_000]), steps: 2)
        rule.overlap = 0
        if random.oneIn(3) { rule.longest = 9_000 }
        let split = { @Sendable [rule] (member: Member) -> any FragmentSource in
            SplittingSource(members.source(member.name), rule: rule) { 5 }
        }
        let identities = Dictionary(
            uniqueKeysWithValues: members.names.enumerated().map {
                ($1, MemberIdentity(client: UInt64($0)))
            })
        let whole = Self.execution(members) { members.source($0.name) }
        let parted = Self.execution(members, split)
        let cached = Self.execution(members) { member in
            CachingSource(
                split(member), identities[member.name], cache: cache, now: { members.now })
        }
        let project = Self.union(of: members)
        var (questions, inParts) = (0, 0)
        func answer(
            _ execution: QueryExecution, _ pairs: [(String, String)]
        ) async throws -> (
            text: String, questions: Int
        ) {
            members.questions.withLock { $0 = 0 }
            let text = try await Self.answer(execution, project, pairs)
            return (text, members.questions.withLock { $0 })
        }
        for panel in (0..<4).flatMap({ _ in Self.panels(members.names, &random) }) {
            let end = data.end.milliseconds - Int64(random.below(100_000))
            var pairs = [
                ("query", panel.text), ("start", "\(Double(end - panel.length) / 1000)"),
                ("end", "\(Double(end) / 1000)"), ("step", "\(Double(panel.step) / 1000)"),
            ]
            if let lookback = panel.lookback { pairs.append(("lookback_delta", lookback)) }
            let expected = try await answer(whole, pairs)
            let given = try await answer(parted, pairs)
            #expect(given.text == expected.text, "seed \(seed): \(pairs)")
            #expect(
                try await Self.answer(cached, project, pairs) == expected.text,
                "cached, seed \(seed): \(pairs)")
            (questions, inParts) = (questions + expected.questions, inParts + given.questions)
        }
        // Else nothing is proved.
        #expect(inParts > questions * 5 / 4, "\(inParts) for \(questions)")
    }

    /// Grafana asks for whole steps; half a day at a minute is a usual window.
    @Test func aDashboardThatIsRefreshedCostsMembersATwentiethOfItsFirstLoad() async throws {
        let start: Timestamp = 1_700_000_000_000
        let data = GeneratedData(seed: 1, partitions: 2)
        var random = SeededRandom(seed: 1)
        let members = LateMembers(data, latest: 0, &random)
        let cache = ResultsCache(bytes: 64 << 20, tail: 600_000)
        let execution = Self.execution(members) { member in
            CachingSource(
                members.source(member.name),
                MemberIdentity(client: UInt64(members.names.firstIndex(of: member.name) ?? 0)),
                cache: cache, now: { members.now })
        }
        let project = Self.union(of: members)
        let panels = (0..<20).map { index in
            ["temperature", "sum by (job) (rate(requests_total[5m]))", "avg(memory)"][index % 3]
                + " + \(index)"
        }
        func load() async throws -> Int {
            members.asked.withLock { $0 = 0 }
            let end = members.now.milliseconds / 60_000 * 60
            for panel in panels {
                let answer = try await Self.answer(
                    execution, project,
                    [
                        ("query", panel), ("start", "\(end - 43_200)"), ("end", "\(end)"),
                        ("step", "60"),
                    ])
                #expect(answer.hasPrefix("200 "))
            }
            return members.asked.withLock { $0 }
        }
        members.move(to: start + 1_200_000)
        let first = try await load()
        for _ in 0..<6 {
            members.move(to: members.now + 10_000)
            let again = try await load()
            #expect(again * 20 <= first, "\(again) of \(first) steps")
            #expect(again > 0)
        }
    }
}
