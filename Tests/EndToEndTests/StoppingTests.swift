import Foundation
import Glibc
import RealServers
import TestSupport
import Testing

/// What the gateway waits for may hang: its database, a member, the file of its configuration. It
/// goes on answering what it can, and ends when it is told to.
@Suite struct StoppingTests {
    /// The gateway's binary over a file and, if wanted, a PostgreSQL.
    private final class Gateway {
        let process: ChildProcess
        let address: HTTPAddress
        let path: String

        init(_ sections: String, folder: String) throws {
            address = HTTPAddress(port: try LoopbackPort.free())
            path = "\(folder)/configuration.yaml"
            let yaml = "listen_address: 127.0.0.1:\(address.port)\n" + sections
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            process = try ChildProcess(
                name: "gateway", command: [try Repository.gateway(), "serve", "--config", path],
                logPath: "\(folder)/gateway.log")
            try process.waitUntilReady(address)
        }

        func make(_ project: String) throws -> HTTPAnswer {
            let body = #"{"name":"\#(project)","prometheus":{"url":"http://127.0.0.1:2"}}"#
            return try address.post(
                "/api/projects", body: Array(body.utf8),
                headers: [("Content-Type", "application/json")])
        }

        /// Asks without waiting for an answer, which may never come.
        func ask(_ request: @escaping @Sendable (HTTPAddress) throws -> HTTPAnswer) {
            let address = address
            Thread.detachNewThread { _ = try? request(address) }
        }

        /// Tells it to stop; gives the seconds that it took to end. The grace plus what a loaded
        /// machine takes to run a process at all.
        func stop() throws -> Double {
            let begun = Date()
            #expect(kill(process.processID, SIGTERM) == 0)
            while process.isRunning {
                guard Date().timeIntervalSince(begun) < 60 else {
                    throw TestFailure("it did not end in a minute:\n\(process.log.suffix(2000))")
                }
                usleep(10_000)
            }
            return Date().timeIntervalSince(begun)
        }
    }

    private static let member = "  - {name: a, prometheus: {url: http://127.0.0.1:1}}\n"
    private static let grace = "limits: {shutdownGrace: 3s}\n"

    private func withFolder(_ work: @Sendable (String) throws -> Void) async throws {
        try await withTemporaryFolder { folder in try await offPool { try work(folder) } }
    }

    @Test func aDatabaseThatHangsKeepsNothingFromBeingAnsweredAndIsUsedAgain() async throws {
        try await withFolder { folder in
            let database = try PostgresServer()
            try database.waitUntilReady()
            let gateway = try Gateway(
                "postgres: {connection_string: \"\(database.connectionString)\"}\n"
                    + "projects:\n" + Self.member, folder: folder)
            #expect(try gateway.make("before").status == 201)
            database.freeze()
            let refused = try gateway.make("meanwhile")
            #expect(refused.status == 503)
            #expect(try refused.json()["errorType"]?.text == "unavailable")
            #expect(refused.text.contains("the store is not available: PostgreSQL gave no answer"))
            let reload = try gateway.address.post("/-/reload", body: [])
            #expect(reload.status == 503)
            #expect(reload.text.contains("the store is not available"))
            for path in [
                "/p/before/api/v1/explain?query=up", "/api/projects", "/-/ready", "/metrics",
            ] { #expect(try gateway.address.get(path).status == 200) }

            database.goOn()
            var status = 503
            for _ in 0..<200 where status == 503 {
                usleep(100_000)
                status = try gateway.make("after").status
            }
            #expect(status == 201)
            #expect(try gateway.address.post("/-/reload", body: []).status == 200)
            #expect(!gateway.process.log.contains("tributary@"), "no connection string in the log")
            #expect(try gateway.stop() < 30)
        }
    }

    @Test func theProcessEndsInItsGraceWhileTheDatabaseHangs() async throws {
        try await withFolder { folder in
            let database = try PostgresServer()
            try database.waitUntilReady()
            let gateway = try Gateway(
                "postgres: {connection_string: \"\(database.connectionString)\"}\n" + Self.grace
                    + "projects:\n" + Self.member, folder: folder)
            database.freeze()
            gateway.ask { try $0.post("/-/reload", body: []) }
            for index in 0..<4 {
                let body = #"{"name":"p\#(index)","prometheus":{"url":"http://127.0.0.1:2"}}"#
                gateway.ask {
                    try $0.post(
                        "/api/projects", body: Array(body.utf8),
                        headers: [("Content-Type", "application/json")])
                }
            }
            usleep(700_000)
            let seconds = try gateway.stop()
            print("SIGTERM while the database hangs: ended after \(seconds) s of 3")
            #expect(seconds < 30)
        }
    }

    @Test func theProcessEndsInItsGraceWhileAMemberHangs() async throws {
        try await withFolder { folder in
            let silence = DispatchSemaphore(value: 0)
            defer { for _ in 0..<64 { silence.signal() } }
            let member = try LoopbackServer { _, _ in silence.wait() }
            let gateway = try Gateway(
                Self.grace
                    + "projects:\n  - {name: a, prometheus: {url: \"\(member.address.url)\"}}\n"
                    + "  - {name: all, memberProjects: [a]}\n", folder: folder)
            for path in [
                "/p/all/api/v1/query?query=up",
                "/p/all/api/v1/query_range?query=up&start=0&end=9&step=1",
                "/p/all/api/v1/labels", "/api/projects", "/p/all/api/v1/notifications/live",
                "/p/all/federate?match[]=up",
            ] { gateway.ask { try $0.get(path) } }
            for _ in 0..<500 where member.queries.isEmpty { usleep(20_000) }
            #expect(!member.queries.isEmpty)
            let seconds = try gateway.stop()
            print("SIGTERM while a member hangs: ended after \(seconds) s of 3")
            #expect(seconds < 30)
        }
    }

    /// A pipe that nobody writes to, in place of the configuration file and of a secret.
    @Test func theProcessEndsInItsGraceWhileAReloadHangs() async throws {
        try await withFolder { folder in
            let gateway = try Gateway(Self.grace + "projects:\n" + Self.member, folder: folder)
            try FileManager.default.removeItem(atPath: gateway.path)
            #expect(mkfifo(gateway.path, 0o600) == 0)
            gateway.ask { try $0.post("/-/reload", body: []) }
            #expect(kill(gateway.process.processID, SIGHUP) == 0)
            usleep(500_000)
            #expect(try gateway.address.get("/-/ready").status == 200)
            let seconds = try gateway.stop()
            print("SIGTERM while a reload hangs: ended after \(seconds) s of 3")
            #expect(seconds < 30)
        }
    }
}
