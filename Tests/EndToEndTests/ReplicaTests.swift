import Answers
import Foundation
import GoText
import PrometheusWire
import RealServers
import TestSupport
import Testing

/// Projects of two real Prometheus servers that scrape the same targets, against one that was never
/// down.
@Suite(
    "End to end, replicas", .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndReplicas {
    private typealias Replica = ReplicaData.Replica

    /// Every class of functions.
    private static let queries = [
        "requests_total", "memory offset 10m", "up == 1", "rate(requests_total[5m])",
        "increase(requests_total[30m])", "irate(requests_total[2m])",
        "sum by (job) (rate(requests_total[5m]))", "delta(memory[10m])", "idelta(memory[2m])",
        "deriv(memory[20m])", "predict_linear(memory[20m], 600)", "resets(requests_total[1h])",
        "changes(memory[15m])", "count_over_time(up[10m])", "sum_over_time(memory[5m])",
        "avg_over_time(memory[5m])", "min_over_time(memory[12m])", "max_over_time(memory[12m])",
        "quantile_over_time(0.9, memory[10m])", "stddev_over_time(memory[10m])",
        "last_over_time(memory[1m])", "present_over_time(memory[1m])",
        "absent_over_time(memory{instance=\"i0\"}[1m])", "absent(nothing)", "absent(memory)",
        "sum(memory)", "avg by (job) (memory)", "topk(1, memory)", "bottomk(1, memory)",
        "quantile(0.5, memory)", "stddev(memory)", "count by (job) (up)", "group(up)",
        "count_values(\"v\", up)",
        "memory / on (instance) requests_total", "memory and on (instance) up",
        "memory unless on (instance) requests_total", "memory or up", "memory > 1500",
        "memory > bool 1500", "-memory", "memory + memory offset 5m",
        "max_over_time(rate(requests_total[5m])[30m:1m])", "sum_over_time(memory[10m:30s])",
        "rate(requests_total[5m] offset 1h)", "memory @ 1700005400",
        "rate(requests_total[5m] @ end())", "memory @ start()",
        "sum_over_time((memory > 1200)[20m:1m] offset 10m)",
        "histogram_quantile(0.9, rate(latency_bucket[5m]))",
        "histogram_quantile(0.5, sum by (le, job) (rate(latency_bucket[10m])))",
        "label_replace(memory, \"x\", \"$1\", \"instance\", \"i(.*)\")",
        "label_join(memory, \"y\", \"-\", \"job\", \"instance\")", "clamp(memory, 1100, 1500)",
        "scalar(sum(memory))", "vector(3)", "time()", "timestamp(memory)", "sort_desc(memory)",
        "memory{project=\"pair\"}", "memory{project=\"other\"}", "sum by (project) (memory)",
        "ts_of_max_over_time(memory[5m])", "mad_over_time(memory[10m])", "info(memory)",
    ]

    private static func parameters(_ from: Int, _ through: Int, _ step: Int) -> [(String, String)] {
        [
            ("start", "\(ReplicaData.start + from)"), ("end", "\(ReplicaData.start + through)"),
            ("step", "\(step)"),
        ]
    }

    private static func expectEqual(
        _ scene: ReplicaScene, _ query: String, _ path: String, _ parameters: [(String, String)],
        _ remark: String = "", _ location: SourceLocation = #_sourceLocation
    ) throws {
        let asked = [("query", query)] + parameters
        let expected = try QueryAnswer(scene.oracle.address.post("/api/v1/\(path)", asked))
        let answer = try QueryAnswer(scene.gateway.post("/api/v1/\(path)", asked))
        let difference = AnswerComparison(query: query).difference(answer, from: expected)
        #expect(
            difference == nil,
            "\(query) \(path) \(parameters): \(difference ?? "") \(remark)\n\(answer.summary)\nfor \(expected.summary)",
            sourceLocation: location)
        #expect(answer.warnings == expected.warnings, "\(query)", sourceLocation: location)
    }

    private static func expectEqualEverywhere(_ scene: ReplicaScene) throws {
        for query in queries {
            try expectEqual(scene, query, "query_range", parameters(0, 14_385, 60))
            try expectEqual(scene, query, "query_range", parameters(3600, 7200, 37))
            for second in [3590, 3700, 4500, 5460, 7230, 9000] {
                try expectEqual(
                    scene, query, "query", [("time", "\(ReplicaData.start + second)")])
            }
        }
    }

    @Test("Two replicas with different holes answer as one that was never down")
    func holes() async throws {
        try await withReplicas([
            [Replica(holes: [3600...4200, 7200...7310])],
            [Replica(holes: [5400...6000, 10_000...10_900])],
        ]) { scene, _ in try Self.expectEqualEverywhere(scene) }
    }

    @Test("So they do with holes at random, at times at random", arguments: [1, 2, 3] as [UInt64])
    func generated(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        // Each hole is one of one replica alone.
        var holes: [[ClosedRange<Int>]] = [[], []]
        var second = 600
        while second < 13_000 {
            let end = second + Int.random(in: 100...1500, using: &random)
            holes[Int.random(in: 0...1, using: &random)].append(second...end)
            second = end + Int.random(in: 300...2400, using: &random)
        }
        let asked = (0..<200).map { _ in
            let from = Int.random(in: 0...12_000, using: &random)
            return (
                query: Self.queries[Int.random(in: 0..<Self.queries.count, using: &random)],
                from: from, through: from + Int.random(in: 0...3600, using: &random),
                step: Int.random(in: 5...120, using: &random)
            )
        }
        try await withReplicas(holes.map { [Replica(holes: $0)] }) { [holes] scene, _ in
            for one in asked {
                try Self.expectEqual(
                    scene, one.query, "query_range",
                    Self.parameters(one.from, one.through, one.step), "holes \(holes)")
            }
        }
    }

    @Test("Of other scrape times, values differ by what changes within an interval")
    func offsets() async throws {
        try await withReplicas([
            [Replica(holes: [3600...4200, 8000...8075, 9000...9800])],
            [Replica(holes: [5400...5700], offset: 7)],
        ]) { scene, _ in
            let range = Self.parameters(600, 14_000, 15)
            // Both count evenly; the label of the project is not compared.
            for (instance, slope) in [("i0", 1.0), ("i2", 3.0)] {
                for (query, most) in [
                    ("requests_total{instance=\"\(instance)\"}", slope * 15 + 1),
                    ("rate(requests_total{instance=\"\(instance)\"}[5m])", slope * 15 / 300 + 0.01),
                ] {
                    let merged = try Self.values(scene.gateway, query, range)
                    let expected = try Self.values(scene.oracle.address, query, range)
                    #expect(merged.keys.sorted() == expected.keys.sorted())
                    for (series, values) in expected {
                        #expect(merged[series]?.keys.sorted() == values.keys.sorted(), "\(query)")
                        for (time, value) in values {
                            let other = merged[series]?[time] ?? .nan
                            #expect(abs(other - value) <= most, "\(query) @\(time)")
                        }
                    }
                }
            }
        }
    }

    @Test("So they do where samples are always merged")
    func raw() async throws {
        try await withReplicas(
            [
                [Replica(holes: [3600...4200, 7200...7310])],
                [Replica(holes: [5400...6000, 10_000...10_900])],
            ], settings: ["dedup: raw"]
        ) { scene, _ in try Self.expectEqualEverywhere(scene) }
    }

    @Test("So they do where one did not reach the targets of one job")
    func lostJob() async throws {
        try await withReplicas([
            [Replica(lostJobs: [("api", 3600...4800)])],
            [Replica(lostJobs: [("db", 6000...9000)])],
        ]) { scene, _ in try Self.expectEqualEverywhere(scene) }
    }

    @Test("Tiers by time are joined without a seam")
    func tiers() async throws {
        let border = ReplicaData.start + 6000
        try await withReplicas(
            [
                [Replica(kept: border...Int.max)],
                [Replica(kept: Int.min...(border + 1800))],
            ],
            ranges: [
                0: "{from: \(RFC3339.text(Timestamp(milliseconds: Int64(border) * 1000)))}",
                1: "{to: \(RFC3339.text(Timestamp(milliseconds: Int64(border + 1800) * 1000)))}",
            ]
        ) { scene, _ in try Self.expectEqualEverywhere(scene) }
    }

    @Test("A change of replica is no spike of rate, and no sample is counted twice")
    func spikes() async throws {
        try await withReplicas([
            [Replica(holes: [3600...4200, 6000...6400, 8000...8075])],
            [Replica(holes: [5400...5700], offset: 7)],
        ]) { scene, _ in
            let range = Self.parameters(600, 14_000, 15)
            for query in [
                "sum without (job) (rate(requests_total[2m]))", "rate(latency_bucket[5m])",
                "irate(requests_total[2m])",
            ] {
                let answers = try ([scene.gateway] + scene.replicas.map(\.address)).map {
                    try Self.values($0, query, range)
                }
                for (series, values) in answers[0] {
                    for (time, value) in values {
                        let own = answers[1...].compactMap { $0[series]?[time] }.max() ?? 0
                        #expect(value <= own * 1.05 + 0.01, "\(query) \(series) @\(time)")
                    }
                }
            }
            let counted = try Self.values(scene.gateway, "count_over_time(up[30m])", range)
            #expect(counted.count == 3)
            for value in counted.values.flatMap(\.values) where value > 0 {
                #expect(value <= 124)
            }
            // All along, whatever the replica.
            let full = try Self.values(
                scene.gateway, "count_over_time(up[30m])", Self.parameters(1800, 14_000, 60))
            for value in full.values.flatMap(\.values) { #expect(value >= 116) }
        }
    }

    /// By labels without the project, and time.
    private static func values(
        _ server: HTTPAddress, _ query: String, _ range: [(String, String)]
    ) throws -> [String: [String: Double]] {
        let answer = try QueryAnswer(
            server.post("/api/v1/query_range", [("query", query)] + range))
        guard case .series(_, let series) = answer.outcome else {
            throw TestFailure(answer.summary)
        }
        return Dictionary(
            uniqueKeysWithValues: series.map { one in
                let labels = one.labels.filter { $0.name != "project" }
                return (
                    "\(labels.map { "\($0.name)=\($0.value)" })",
                    Dictionary(
                        uniqueKeysWithValues: one.points.map { ($0.time, Double($0.value) ?? .nan) }
                    )
                )
            })
    }

    @Test("A query that one replica can answer is pushed down to it, and no sample is read")
    func pushedDown() async throws {
        try await withReplicas([
            [Replica()], [Replica(holes: [3600...4200])],
        ]) { scene, _ in
            for _ in 0..<3 {
                try Self.expectEqual(
                    scene, "sum by (job) (rate(requests_total[5m]))", "query_range",
                    Self.parameters(0, 14_000, 60))
            }
            #expect(try Self.requests(scene.replicas[0], "/api/v1/query_range") >= 2)
            #expect(try Self.requests(scene.replicas[0], "/api/v1/read") == 0)
            // What was found out about it beside the first one.
            #expect(try Self.requests(scene.replicas[1], "/api/v1/query_range") == 1)
            #expect(try Self.requests(scene.replicas[1], "/api/v1/read") == 0)
            let explained = try scene.gateway.get(
                "/api/v1/explain",
                [("query", "sum(rate(requests_total[5m]))")] + Self.parameters(0, 14_000, 60)
            ).text
            #expect(explained.contains("asked of replicas[0], which lacks nothing there"))
        }
    }

    private static func requests(_ server: PrometheusServer, _ handler: String) throws -> Int {
        let text = try server.address.get("/metrics").text
        return text.split(separator: "\n").filter {
            $0.hasPrefix("prometheus_http_requests_total{")
                && $0.contains("handler=\"\(handler)\"")
        }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.map { Int($0) }
            .reduce(0, +)
    }

    @Test("Holes that were filled are told, and only where there are some")
    func told() async throws {
        try await withReplicas([
            [Replica(holes: [3600...4200])], [Replica()],
        ]) { scene, _ in
            let query = [("query", "sum(rate(requests_total[5m]))")]
            let over = try QueryAnswer(
                scene.gateway.post(
                    "/api/v1/query_range", query + Self.parameters(3000, 5000, 60)))
            #expect(
                over.infos.contains {
                    $0.contains("replicas: samples from 2023-11-14T23:13")
                        && $0.contains("replicas[1]")
                }, "\(over.infos)")
            let beside = try QueryAnswer(
                scene.gateway.post(
                    "/api/v1/query_range", query + Self.parameters(7000, 9000, 60)))
            #expect(beside.infos.isEmpty)
            let explained = try scene.gateway.get(
                "/api/v1/explain", query + Self.parameters(3000, 5000, 60)
            ).text
            #expect(explained.contains("samples are merged"), "\(explained)")
        }
    }

    @Test("A replica that is killed and started again is no failure and no partial answer")
    func killed() async throws {
        try await withReplicas([[Replica()], [Replica()]]) { scene, folder in
            let isOver = StopFlag()
            let problems = ProblemList()
            let threads = (0..<3).map { number in
                let thread = Thread {
                    var count = 0
                    while !isOver.isSet {
                        count += 1
                        let query = "sum by (job) (rate(requests_total[\(number + 2)m]))"
                        do {
                            let answer = try QueryAnswer(
                                scene.gateway.post(
                                    "/api/v1/query_range",
                                    [("query", query), ("nocache", "1")]
                                        + Self.parameters(600 + count, 9000 + count, 60)))
                            guard case .series(_, let series) = answer.outcome,
                                series.count == 2, answer.warnings.isEmpty
                            else {
                                problems.add(answer.summary)
                                continue
                            }
                        } catch {
                            problems.add("\(error)")
                        }
                    }
                    isOver.ended()
                }
                thread.start()
                return thread
            }
            let first = scene.replicas[0]
            usleep(500_000)
            kill(first.process.processID, SIGKILL)
            usleep(1_500_000)
            first.process.stop()
            let again = try Self.startAgain(0, scene, folder)
            // The gateway finds out by itself that it is back, which takes a busy machine its time.
            usleep(5_000_000)
            kill(scene.replicas[1].process.processID, SIGKILL)
            usleep(1_000_000)
            isOver.set()
            isOver.wait(for: threads.count)
            #expect(problems.all.isEmpty, "\(problems.all.prefix(3))")
            again.stop()
            // Now none is there.
            let answer = try QueryAnswer(
                scene.gateway.post("/api/v1/query", [("query", "up"), ("time", "1700000600")]))
            #expect(answer.status == 503, "\(answer.summary)")
        }
    }

    private static func startAgain(
        _ index: Int, _ scene: ReplicaScene, _ folder: String
    ) throws -> ChildProcess {
        let home = "\(folder)/replica\(index)"
        let address = scene.replicas[index].address
        let again = try ChildProcess(
            name: "replica\(index) again",
            command: [
                try PrometheusVersion.three.tool("prometheus"),
                "--config.file=\(home)/prometheus.yml", "--storage.tsdb.path=\(home)/data",
                "--storage.tsdb.retention.time=3650d",
                "--web.listen-address=127.0.0.1:\(address.port)", "--log.level=warn",
            ] + ReplicaScene.options, logPath: "\(home)/log2")
        try again.waitUntilReady(address)
        return again
    }

    @Test("A replica that comes back is not asked before it is known what it lacks")
    func comesBack() async throws {
        try await withReplicas([
            [Replica(holes: [3600...4200])], [Replica()],
        ]) { scene, folder in
            kill(scene.replicas[0].process.processID, SIGKILL)
            scene.replicas[0].process.stop()
            let query = "sum by (job) (rate(requests_total[5m]))"
            let range = Self.parameters(3000, 5000, 60)
            try Self.expectEqual(scene, query, "query_range", range)
            let again = try Self.startAgain(0, scene, folder)
            for _ in 0..<20 { try Self.expectEqual(scene, query, "query_range", range) }
            again.stop()
        }
    }

    @Test("Labels that tell replicas apart are in no answer")
    func replicaLabels() async throws {
        let held = [
            [Replica(holes: [3600...4200], labels: ["replica": "a"])],
            [Replica(holes: [5400...6000], labels: ["replica": "b"])],
        ]
        try await withReplicas(held, settings: ["replicaLabels: [replica]"]) { scene, _ in
            try Self.expectEqualEverywhere(scene)
            try Self.expectLists(scene)
        }
        // One server that holds what both stored.
        try await withReplicas(
            [held[0] + held[1]], settings: ["replicaLabels: [replica]"]
        ) { scene, _ in
            try Self.expectEqualEverywhere(scene)
            try Self.expectLists(scene)
        }
    }

    private static func expectLists(_ scene: ReplicaScene) throws {
        for (path, parameters) in [
            ("labels", []), ("label/instance/values", []), ("label/replica/values", []),
            ("label/project/values", []),
            ("series", [("match[]", "memory")]), ("series", [("match[]", "up{replica=\"\"}")]),
            ("series", [("match[]", "up{replica=\"a\"}"), ("match[]", "memory{job=\"api\"}")]),
            ("labels", [("match[]", "up{replica!=\"b\"}")]),
        ] as [(String, [(String, String)])] {
            let both = try [scene.gateway, scene.oracle.address].map {
                try $0.get("/api/v1/\(path)", parameters).json()["data"]
            }
            let lists = both.map { ($0?.items ?? []).map { "\($0)" }.sorted() }
            #expect(lists[0] == lists[1], "\(path) \(parameters)")
        }
        for query in ["up{replica=\"a\"}", "up{replica!=\"a\"}", "sum by (replica) (up)"] {
            try expectEqual(scene, query, "query", [("time", "\(ReplicaData.start + 1000)")])
        }
        let request = RemoteReadRequest(
            queries: [
                RemoteReadRequest.Query(
                    start: Timestamp(milliseconds: Int64(ReplicaData.start) * 1000),
                    end: Timestamp(milliseconds: Int64(ReplicaData.end) * 1000),
                    matchers: [.init("__name__", .regexMatch, "memory|requests_total")])
            ], accepted: [.samples])
        var read = try RemoteReadAnswer(
            RemoteReadAnswer.of(scene.gateway, request), queries: 1)
        var expected = try RemoteReadAnswer(
            RemoteReadAnswer.of(scene.oracle.address, request), queries: 1)
        read.results = read.results.map { $0.sorted() }
        expected.results = expected.results.map { $0.sorted() }
        #expect(read == expected)
    }
}

/// Tells threads of a test to end, and waits for them.
private final class StopFlag: @unchecked Sendable {  // Proof: all is guarded by the condition.
    private let condition = NSCondition()
    private var isStopped = false
    private var endedCount = 0

    var isSet: Bool { condition.withLock { isStopped } }
    func set() { condition.withLock { isStopped = true } }

    func ended() {
        condition.withLock {
            endedCount += 1
            condition.broadcast()
        }
    }

    func wait(for count: Int) {
        condition.lock()
        while endedCount < count { condition.wait() }
        condition.unlock()
    }
}

private final class ProblemList: @unchecked Sendable {  // Proof: all is guarded by the lock.
    private let lock = NSLock()
    private var problems: [String] = []

    var all: [String] { lock.withLock { problems } }
    func add(_ problem: String) { lock.withLock { problems.append(problem) } }
}
