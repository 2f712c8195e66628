import Foundation
import Glibc
import RealServers
import Synchronization
import TestSupport
import Testing

/// `discovery` under a running gateway, with a server of the test that tells members.
@Suite struct MemberDiscoveryTests {
    /// Tells target groups, and answers queries as each of their members.
    private final class Inventory: Sendable {
        struct State {
            var status = 200
            var type = "application/json"
            var body = "[]"
        }

        let state: Mutex<State>
        let server: LoopbackServer
        /// Queries of the member `held` wait for it.
        let gate = DispatchSemaphore(value: 0)

        init(status: Int = 200) throws {
            let holder = Holder()
            let gate = gate
            server = try LoopbackServer { request, socket in
                if request.path == "/sd" {
                    let now = holder.inventory?.state.withLock { $0 } ?? State()
                    try Self.write(now.body, now.type, now.status, socket)
                    return
                }
                let isQuestion = request.path.hasSuffix("/api/v1/query")
                if Self.isHeld(request) { gate.wait() }
                let body =
                    isQuestion
                    ? #"{"status":"success","data":{"resultType":"vector","result":"#
                        + #"[{"metric":{"__name__":"up"},"value":[1000,"7"]}]}}"#
                    : #"{"status":"error","errorType":"not_found","error":""}"#
                try Self.write(body, "application/json", 200, socket)
            }
            state = Mutex(State(status: status))
            holder.set(self)
        }

        /// The test's own query of the member `held`; the gateway's look at its status is another.
        static func isHeld(_ request: LoopbackServer.Request) -> Bool {
            let parameters = request.target + String(decoding: request.body, as: UTF8.self)
            return request.path == "/held/api/v1/query" && parameters.contains("time=1000")
        }

        private final class Holder: Sendable {
            private struct Weak: Sendable { weak var inventory: Inventory? }
            private let weak = Mutex(Weak())
            var inventory: Inventory? { weak.withLock { $0.inventory } }
            func set(_ inventory: Inventory) { weak.withLock { $0.inventory = inventory } }
        }

        private static func write(
            _ body: String, _ type: String, _ status: Int, _ socket: Socket
        ) throws {
            try socket.write(
                "HTTP/1.1 \(status) Some\r\nContent-Type: \(type)\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
        }

        /// The target groups of members of this server.
        func groups(_ names: [String]) -> String {
            let groups = names.map { name in
                #"{"targets":["127.0.0.1:\#(server.port)"],"labels":{"__project__":"\#(name)","#
                    + #""__path_prefix__":"/\#(name)","env":"found"}}"#
            }
            return "[\(groups.joined(separator: ","))]"
        }

        func tell(_ names: [String]) { state.withLock { $0 = State(body: groups(names)) } }
    }

    private struct Gateway {
        let process: ChildProcess
        let address: HTTPAddress

        init(_ yaml: String, in folder: String) throws {
            let path = folder + "/configuration.yaml"
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            (process, address) = try ChildProcess.gateway("finding", over: path, in: folder)
        }

        func project(_ name: String) throws -> JSONValue? {
            try address.get("/api/projects/\(name)").json()["data"]
        }

        func members() throws -> [String] {
            try project("all")?["memberProjects"]?.items?.compactMap(\.text) ?? []
        }

        func isUp() throws -> Bool {
            try address.get("/metrics").text.contains("tributary_discovery_up{")
                && !address.get("/metrics").text.split(separator: "\n").contains {
                    $0.hasPrefix("tributary_discovery_up{") && $0.hasSuffix(" 0")
                }
        }

        func wait(_ what: String, until isSo: () throws -> Bool) throws {
            let deadline = Date(timeIntervalSinceNow: 60)
            while Date() < deadline {
                if try isSo() { return }
                usleep(20_000)
            }
            throw TestFailure("\(what) did not happen:\n\(process.log.suffix(2000))")
        }
    }

    private func run(
        _ rest: String = "", status: Int = 200,
        _ work: @escaping @Sendable (Inventory, Gateway) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let inventory = try Inventory(status: status)
                let gateway = try Gateway(
                    """
                    projects:
                      - name: all
                        partialResponse: abort
                        discovery:
                          http: {url: "http://127.0.0.1:\(inventory.server.port)/sd?key=word-of-a-query", interval: 1s}

                    """ + rest, in: folder)
                try work(inventory, gateway)
                #expect(gateway.process.isRunning)
                #expect(!gateway.process.log.contains("word-of-a-query"))
            }
        }
    }

    @Test func `Members come and go as the server tells them`() async throws {
        try await run { inventory, gateway in
            inventory.tell(["a", "b"])
            try gateway.wait("the members") { try gateway.members() == ["a", "b"] }
            let answer = try gateway.address.get("/p/all/api/v1/query?query=up&time=1000").text
            for name in ["a", "b"] {
                #expect(answer.contains(#""env":"found","project":"\#(name)""#), "\(answer)")
            }
            let found = try gateway.project("a")
            #expect(found?["readOnly"] == .bool(true))
            #expect(
                found?["source"]?["name"]?.text
                    == "http://127.0.0.1:\(inventory.server.port)/sd")
            inventory.tell(["b", "c"])
            try gateway.wait("the change") { try gateway.members() == ["b", "c"] }
            #expect(try gateway.address.get("/p/a/api/v1/query?query=up").status == 404)
        }
    }

    @Test func `A server that fails keeps its last answer, says so, and recovers`() async throws {
        try await run { inventory, gateway in
            inventory.tell(["a"])
            try gateway.wait("the member") { try gateway.members() == ["a"] }
            #expect(try gateway.isUp())
            let failures: [(Inventory.State, String)] = [
                (.init(status: 500), "it answers with status 500, not 200"),
                (.init(type: "text/html", body: "<html>"), "its answer is no application/json"),
                (.init(body: "[{"), "the answer is not JSON"),
                (.init(body: #"[{"targets":["x"]}]"#), "the label __project__ is missing"),
            ]
            for (state, words) in failures {
                inventory.state.withLock { $0 = state }
                try gateway.wait(words) {
                    let source = try gateway.project("all")?["discovery"]?.items?.first
                    return source?["error"]?.text?.contains(words) == true
                }
                #expect(try !gateway.isUp())
                #expect(try gateway.members() == ["a"])
                #expect(
                    try gateway.address.get("/p/all/api/v1/query?query=up&time=1000").status == 200)
                try gateway.wait("the log") { gateway.process.log.contains(words) }
            }
            inventory.tell(["a", "b"])
            try gateway.wait("the recovery") { try gateway.members() == ["a", "b"] }
            #expect(try gateway.isUp())
        }
    }

    @Test func `What a server that never answered would tell is a missing member`() async throws {
        try await run(status: 503) { inventory, gateway in
            try gateway.wait("the failure") {
                let answer = try gateway.address.get("/p/all/api/v1/query?query=up&time=1000")
                return answer.status == 503 && answer.text.contains("status 503, not 200")
            }
            inventory.tell([])
            try gateway.wait("the answer") {
                try gateway.address.get("/p/all/api/v1/query?query=up&time=1000").status == 200
            }
        }
    }

    @Test func `A query that runs ends over the members it began with`() async throws {
        try await run { inventory, gateway in
            inventory.tell(["held"])
            try gateway.wait("the member") { try gateway.members() == ["held"] }
            let first = Box()
            let address = gateway.address
            Thread.detachNewThread {
                let text = try? address.get("/p/all/api/v1/query?query=up&time=1000").text
                first.text.withLock { $0 = text ?? "no answer" }
            }
            try gateway.wait("the question") {
                inventory.server.queries.contains(where: Inventory.isHeld)
            }
            inventory.tell(["new"])
            try gateway.wait("the new member") { try gateway.members() == ["new"] }
            let second = try address.get("/p/all/api/v1/query?query=up&time=1000").text
            #expect(second.contains(#""project":"new""#))
            #expect(first.text.withLock { $0 } == nil)
            inventory.gate.signal()
            try gateway.wait("the answer") { first.text.withLock { $0 } != nil }
            let answer = first.text.withLock { $0 } ?? ""
            #expect(answer.contains(#""project":"held""#), "\(answer)")
            #expect(!answer.contains(#""project":"new""#), "\(answer)")
        }
    }

    private final class Box: Sendable {
        let text = Mutex<String?>(nil)
    }

    @Test func `Files tell members too, however they are written`() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let inventory = try Inventory()
                let path = folder + "/targets.json"
                try inventory.groups(["a"]).write(
                    toFile: path, atomically: true, encoding: .utf8)
                let gateway = try Gateway(
                    "projects: [{name: all, discovery: {files: [\"*.json\"]}}]", in: folder)
                try gateway.wait("the member") { try gateway.members() == ["a"] }
                let file = try #require(fopen(path, "w"))
                for byte in inventory.groups(["b", "c"]).utf8 {
                    #expect(fputc(Int32(byte), file) >= 0 && fflush(file) == 0)
                    usleep(1000)
                }
                fclose(file)
                try gateway.wait("the change") { try gateway.members() == ["b", "c"] }
                try "[{".write(toFile: path, atomically: true, encoding: .utf8)
                try gateway.wait("the failure") { try !gateway.isUp() }
                #expect(try gateway.members() == ["b", "c"])
                try inventory.groups(["d"]).write(
                    toFile: path, atomically: true, encoding: .utf8)
                try gateway.wait("the recovery") {
                    try gateway.members() == ["d"] && gateway.isUp()
                }
            }
        }
    }

    @Test func `Replicas come and go as names tell them`() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let (names, first, second) = (try NameServer(), try Inventory(), try Inventory())
                names.set("_r._tcp.test", [])
                let gateway = try Gateway(
                    """
                    projects:
                      - name: all
                        replicas:
                          - discovery:
                              dns: {names: [_r._tcp.test.], interval: 1s, server: "127.0.0.1:\(names.port)"}
                    """, in: folder)
                func source() throws -> JSONValue? {
                    try gateway.project("all")?["discovery"]?.items?.first
                }
                func ask() throws -> Int {
                    try gateway.address.get("/p/all/api/v1/query?query=up&time=1000").status
                }
                try gateway.wait("the failure") {
                    try source()?["error"]?.text == "_r._tcp.test.: it has no SRV records"
                }
                #expect(try ask() == 503)
                names.set(
                    "_r._tcp.test", [.service(port: first.server.port, target: "localhost")])
                try gateway.wait("the server") { try ask() == 200 }
                names.state.withLock { $0.records = [:] }
                try gateway.wait("the second failure") {
                    try source()?["error"]?.text == "_r._tcp.test.: there is no such name"
                }
                #expect(try !gateway.isUp())
                #expect(try ask() == 200)
                #expect(!second.server.queries.contains { $0.path == "/api/v1/query" })
                names.set(
                    "_r._tcp.test", [.service(port: second.server.port, target: "localhost")])
                try gateway.wait("the recovery") {
                    _ = try ask()
                    return try gateway.isUp()
                        && second.server.queries.contains { $0.path == "/api/v1/query" }
                }
                #expect(try ask() == 200)
            }
        }
    }

    @Test func `Servers of a pool come and go as names tell them`() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let (names, first, second) = (try NameServer(), try Inventory(), try Inventory())
                names.set("_p._tcp.test", [])
                let gateway = try Gateway(
                    """
                    projects: [{name: all, clusterPool: found}]
                    clusterPools:
                      found:
                        discovery:
                          dns: {names: [_p._tcp.test.], interval: 1s, server: "127.0.0.1:\(names.port)"}
                    """, in: folder)
                func clusters() throws -> [String] {
                    try gateway.address.get("/api/cluster-pools/found").json()["data"]?["clusters"]?
                        .items?.compactMap(\.text) ?? []
                }
                func error() throws -> String? {
                    try gateway.address.get("/api/cluster-pools/found").json()["data"]?[
                        "discovery"]?["error"]?.text
                }
                func ask() throws -> Int {
                    try gateway.address.get("/p/all/api/v1/query?query=up&time=1000").status
                }
                try gateway.wait("the failure") {
                    try error() == "_p._tcp.test.: it has no SRV records"
                }
                #expect(try ask() == 503)
                names.set(
                    "_p._tcp.test", [.service(port: first.server.port, target: "localhost")])
                try gateway.wait("the server") {
                    try clusters() == ["localhost:\(first.server.port)"]
                }
                #expect(try ask() == 200)
                names.state.withLock { $0.records = [:] }
                try gateway.wait("the second failure") {
                    try error() == "_p._tcp.test.: there is no such name"
                }
                #expect(try !gateway.isUp())
                #expect(try ask() == 200)
                names.set(
                    "_p._tcp.test", [.service(port: second.server.port, target: "localhost")])
                try gateway.wait("the recovery") {
                    try clusters() == ["localhost:\(second.server.port)"] && gateway.isUp()
                }
                #expect(try ask() == 200)
                #expect(second.server.queries.contains { $0.path == "/api/v1/query" })
            }
        }
    }
}
