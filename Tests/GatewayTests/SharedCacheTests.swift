import EmbeddedPrometheus
import Foundation
import GoText
import PrometheusServer
import RealServers
import TestSupport
import Testing
import TimeSeries

@testable import Gateway

/// Gateways that keep answers for one another in a real Redis server.
@Suite(.closesGateways, .timeLimit(.minutes(5))) struct SharedCacheTests {
    private static let start = 1_700_000_000

    private static func store(_ value: Double) -> MemoryStore {
        let store = MemoryStore()
        for series in 0..<20 {
            store.append(
                contentsOf: (0..<400).map { index in
                    (
                        LabelSet(["__name__": "m", "series": "\(series)"]),
                        Timestamp(milliseconds: Int64(start + index * 15) * 1000),
                        .float(value + Double(index * series % 7))
                    )
                })
        }
        return store
    }

    /// Members, and the gateways over them.
    private struct Scene: Sendable {
        var ports: [String: Int]
        var visits: Visits

        /// - Parameters:
        ///   - redis: the keys of `cache.redis`.
        ///   - cache: further keys of `cache`.
        func yaml(_ redis: String?, cache: String = "", member: String = "") -> String {
            let inner = [redis.map { "redis: {\($0)}" }, cache.isEmpty ? nil : cache]
                .compactMap { $0 }.joined(separator: ", ")
            return """
                cache: {\(inner)}
                auth: {tokens: [{name: root, token: root-token, admin: true}]}
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"\(member)}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"\(member)}}
                  - {name: all, memberProjects: [a, b]}
                """
        }

        func gateway(
            _ redis: String, cache: String = "", member: String = ""
        ) async throws -> TestGateway {
            let gateway = try await TestGateway(yaml(redis, cache: cache, member: member))
            try await gateway.reaches(#"tributary_cache_redis_up"#, 1)
            return gateway
        }

        /// Requests of queries to the members since the last time.
        func asked() async -> Int {
            await visits.take().filter { $0.path.hasPrefix("/api/v1/query") }.count
        }
    }

    private static func withScene(
        _ work: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        let visits = Visits()
        let (a, b) = (EmbeddedAPI(store: store(1)), EmbeddedAPI(store: store(2)))
        try await LoopbackServers.serve([
            "a": visits.responder { await a.respond(to: $0) },
            "b": visits.responder { await b.respond(to: $0) },
        ]) { ports in try await work(Scene(ports: ports, visits: visits)) }
    }

    private static func range(_ from: Int = 300, _ query: String = "m") -> String {
        "/p/all/api/v1/query_range?query=\(query)&start=\(start + from)"
            + "&end=\(start + from + 1200)&step=60"
    }

    private static func url(_ server: RedisServer, _ rest: String = ", timeout: 5s") -> String {
        "url: \"redis://127.0.0.1:\(server.port)\"\(rest)"
    }

    private static let lookups = "tributary_cache_redis_lookups_total"
    private static let writes = "tributary_cache_redis_writes_total"

    @Test(arguments: [
        "redis://:hush@127.0.0.1:PORT", "redis://127.0.0.1:PORT/3", "unix://SOCKET?db=2",
    ])
    func whatOneGatewayAskedTheOtherHas(url: String) async throws {
        let server = try await offPool { try RedisServer(password: "hush") }
        let redis =
            "url: \"\(url.replacing("PORT", with: "\(server.port)").replacing("SOCKET", with: server.socketPath))\""
            + (url.contains("hush") ? "" : ", password: hush")
            + ", secret: 0123456789abcdef, timeout: 5s"
        try await Self.withScene { scene in
            let (one, other) = (try await scene.gateway(redis), try await scene.gateway(redis))
            let paths = [
                Self.range(), Self.range(300, "sum(m)"),
                "/p/all/api/v1/query?query=m&time=\(Self.start + 600)",
            ]
            var bodies: [String] = []
            for path in paths {
                let answer = try await one.get(path)
                #expect(answer.status == 200)
                bodies.append(answer.body)
            }
            #expect(await scene.asked() == 6)
            try await one.reaches(Self.writes + #"{result="written"}"#, 6)
            for (path, body) in zip(paths, bodies) {
                #expect(try await other.get(path).body == body)
            }
            #expect(await scene.asked() == 0)
            #expect(try await other.value(Self.lookups + #"{result="hit"}"#) == 6)
            // Now it is in memory there too.
            for (path, body) in zip(paths, bodies) {
                #expect(try await other.get(path).body == body)
            }
            #expect(try await other.value(Self.lookups + #"{result="hit"}"#) == 6)
            #expect(await scene.asked() == 0)
            for gateway in [one, other] {
                #expect(try await gateway.value(#"tributary_cache_bytes{kind="arriving"}"#) == 0)
                let shown = try await gateway.get("/api/v1/status/config").body
                #expect(!shown.contains("hush") && !shown.contains("0123456789abcdef"))
            }
            // A gateway that is asked otherwise, and one without the secret, have others.
            let stranger = try await scene.gateway(
                redis, member: ", headers: {X-Scope-OrgID: other}")
            let open = try await scene.gateway(
                redis.replacing(", secret: 0123456789abcdef", with: ""))
            for gateway in [stranger, open] {
                #expect(try await gateway.get(paths[0]).body == bodies[0])
                #expect(await scene.asked() == 2)
                #expect(try await gateway.value(Self.lookups + #"{result="miss"}"#) == 2)
            }
        }
    }

    @Test func aReloadTakesTheServerIntoUseAndLeavesIt() async throws {
        let server = try await offPool { try RedisServer() }
        try await Self.withScene { scene in
            let gateway = try await TestGateway(scene.yaml(nil))
            #expect(try await gateway.get(Self.range()).status == 200)
            #expect(!(try await gateway.get("/metrics").body.contains("tributary_cache_redis")))
            gateway.write(scene.yaml(Self.url(server)))
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            try await gateway.reaches("tributary_cache_redis_up", 1)
            #expect(try await gateway.get(Self.range()).status == 200)
            try await gateway.reaches(Self.writes + #"{result="written"}"#, 2)
            gateway.write(scene.yaml(nil))
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(!(try await gateway.get("/metrics").body.contains("tributary_cache_redis")))
            // Its connections end with the last query that used it.
            for _ in 0..<600 {
                let clients = try await offPool { try server.call("CLIENT", "LIST") }
                guard case .bytes(let list) = clients else { break }
                if String(decoding: list, as: UTF8.self).split(separator: "\n").count == 1 {
                    return
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            Issue.record("connections stay")
        }
    }

    @Test func aServerThatIsKilledUnderLoadFailsNoQuery() async throws {
        let server = try await offPool { try RedisServer() }
        try await Self.withScene { scene in
            let gateways = [
                try await scene.gateway(Self.url(server)),
                try await scene.gateway(Self.url(server)),
            ]
            func load(_ windows: Range<Int>) async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<4 {
                        group.addTask {
                            for window in windows where window % 4 == worker {
                                let path = Self.range(window * 7)
                                let expected = try await gateways[0].get(path + "&nocache=1")
                                for gateway in gateways + gateways {
                                    let answer = try await gateway.get(path)
                                    #expect(answer.status == 200)
                                    #expect(answer.body == expected.body)
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            async let running: Void = load(0..<120)
            try await gateways[0].reaches(Self.writes + #"{result="written"}"#, 6)
            try await offPool { server.stop() }
            try await running
            // What it knew is gone; it is found back in the background.
            try await load(120..<130)
            for gateway in gateways {
                try await gateway.reaches("tributary_cache_redis_up", 0)
                #expect(try await gateway.value(Self.lookups + #"{result="away"}"#) > 0)
            }
            try await offPool { try server.start() }
            for gateway in gateways { try await gateway.reaches("tributary_cache_redis_up", 1) }
            let before = try await gateways[1].value(Self.lookups + #"{result="hit"}"#)
            _ = try await gateways[0].get(Self.range(2000))
            for _ in 0..<600 where try await offPool({ try server.keys().count < 2 }) {
                try await Task.sleep(for: .milliseconds(50))
            }
            _ = await scene.asked()
            #expect(try await gateways[1].get(Self.range(2000)).status == 200)
            #expect(await scene.asked() == 0)
            #expect(try await gateways[1].value(Self.lookups + #"{result="hit"}"#) == before + 2)
        }
    }

    /// Only the queries that were waiting when it hung wait at all; all others know.
    @Test func aServerThatHangsIsWaitedForOnce() async throws {
        let server = try await offPool { try RedisServer() }
        try await Self.withScene { scene in
            let gateway = try await scene.gateway(Self.url(server, ", timeout: 300ms"))
            server.freeze()
            for window in 0..<40 {
                let path = Self.range(window * 7)
                let answer = try await gateway.get(path)
                #expect(answer.status == 200)
                #expect(try await gateway.get(path + "&nocache=1").body == answer.body)
            }
            let failed = try await gateway.value(Self.lookups + #"{result="failed"}"#)
            let away = try await gateway.value(Self.lookups + #"{result="away"}"#)
            // Both members' lookups of one query.
            #expect((1...2).contains(failed), "\(failed)")
            #expect(failed + away == 80)
            #expect(try await gateway.value("tributary_cache_redis_up") == 0)
            server.goOn()
            try await gateway.reaches("tributary_cache_redis_up", 1)
            // What was to be written while it hung is written now.
            try await gateway.reaches(Self.writes + #"{result="written"}"#, 70)
        }
    }

    @Test func whatIsWrongInTheServerIsNotTakenAndGoes() async throws {
        let server = try await offPool { try RedisServer() }
        try await Self.withScene { scene in
            let one = try await scene.gateway(Self.url(server))
            let body = try await one.get(Self.range()).body
            try await one.reaches(Self.writes + #"{result="written"}"#, 2)
            let keys = try await offPool { try server.keys() }
            let values = try await offPool { try keys.map { try server.value(of: $0) } }
            try #require(keys.count == 2 && values.allSatisfy { $0.count > 150 })
            func flipped(_ bytes: [UInt8], at index: Int) -> [UInt8] {
                var bytes = bytes
                bytes[index] ^= 4
                return bytes
            }
            var wrong: [(String, [[UInt8]])] = [
                ("each other's", values.reversed()),
                ("cut", values.map { Array($0.dropLast()) }),
                ("half", values.map { Array($0.prefix($0.count / 2)) }),
                ("a head", values.map { Array($0.prefix(80)) }),
                ("a byte", values.map { _ in [0] }),
                ("huge", values.map { _ in [UInt8](repeating: 7, count: 32 << 20) }),
            ]
            for place in [0, 4, 5, 16, 48, 80, 100, values[0].count - 1, values[0].count - 33] {
                wrong.append(
                    ("byte \(place)", values.map { flipped($0, at: min(place, $0.count - 1)) }))
            }
            for (name, values) in wrong {
                try await offPool {
                    for (key, value) in zip(keys, values) { try server.set(key, value) }
                }
                _ = await scene.asked()
                let gateway = try await scene.gateway(Self.url(server))
                #expect(try await gateway.get(Self.range()).body == body, "\(name)")
                #expect(await scene.asked() == 2, "\(name)")
                #expect(
                    try await gateway.value(Self.lookups + #"{result="rejected"}"#) == 2, "\(name)")
                // What the members answer now takes its place.
                try await gateway.reaches(Self.writes + #"{result="written"}"#, 2)
                let third = try await scene.gateway(Self.url(server))
                #expect(try await third.get(Self.range()).body == body)
                #expect(await scene.asked() == 0, "\(name)")
            }
        }
    }

    @Test(arguments: ["allkeys-lru", "noeviction"])
    func aServerThatIsFullChangesNothing(policy: String) async throws {
        let server = try await offPool { try RedisServer(options: ["--maxmemory-policy", policy]) }
        try await Self.withScene { scene in
            let gateways = [
                try await scene.gateway(Self.url(server)),
                try await scene.gateway(Self.url(server)),
            ]
            // Room for some entries beside what it takes itself.
            try await offPool {
                guard case .bytes(let bytes) = try server.call("INFO", "memory") else { return }
                let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
                    .first { $0.hasPrefix("used_memory:") }
                let used = try #require(line.flatMap { Int($0.dropFirst(12)) })
                try server.call("CONFIG", "SET", "maxmemory", "\(used + 200_000)")
            }
            for window in 0..<150 {
                let path = Self.range(window * 7)
                let answers = [
                    try await gateways[window % 2].get(path),
                    try await gateways[1 - window % 2].get(path),
                ]
                #expect(answers.map(\.status) == [200, 200])
                #expect(answers[0].body == answers[1].body)
            }
            let done = try await gateways[0].value(Self.writes + #"{result="written"}"#)
            #expect(done > 0)
            let refused = try await gateways[0].value(Self.writes + #"{result="failed"}"#)
            #expect((refused > 0) == (policy == "noeviction"))
            #expect(try await gateways[0].value("tributary_cache_redis_up") == 1)
        }
    }

    @Test(arguments: ["", ", password: wrong"])
    func aServerThatRefusesTheGatewayIsAway(password: String) async throws {
        let server = try await offPool { try RedisServer(password: "hush") }
        try await Self.withScene { scene in
            let gateway = try await TestGateway(scene.yaml(Self.url(server, password)))
            for window in 0..<5 {
                let answer = try await gateway.get(Self.range(window * 7))
                #expect(answer.status == 200)
                #expect(!answer.body.contains("warnings"))
            }
            #expect(try await gateway.value("tributary_cache_redis_up") == 0)
            #expect(try await gateway.value(Self.lookups + #"{result="away"}"#) == 10)
            #expect(try await gateway.value(Self.writes + #"{result="written"}"#) == 0)
        }
    }
}

extension TestGateway {
    /// The value of a metric; -1 where there is none.
    fileprivate func value(_ name: String) async throws -> Int {
        let text = try await get("/metrics").body
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
    }

    /// Waits until a metric has a value of at least this, or exactly 0.
    fileprivate func reaches(_ name: String, _ wanted: Int) async throws {
        var found = -1
        for _ in 0..<1200 {
            found = try await value(name)
            if wanted == 0 ? found == 0 : found >= wanted { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TestFailure("\(name) is \(found), not \(wanted)")
    }
}
