import Foundation
import Glibc
import RealServers
import TestSupport
import Testing

/// A changed configuration file under a running gateway: SIGHUP, and `POST /-/reload`.
@Suite struct ReloadTests {
    /// The gateway's binary over a file that can be changed.
    private final class Reloadable: Sendable {
        let path: String
        let process: ChildProcess
        let address: HTTPAddress

        init(_ yaml: String, directory: String) throws {
            let port = try LoopbackPort.free()
            address = HTTPAddress(port: port)
            path = "\(directory)/configuration.yaml"
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            process = try ChildProcess(
                name: "reloadable",
                command: [
                    try Repository.gateway(), "serve", "--config", path,
                    "--listen", "127.0.0.1:\(port)",
                ],
                logPath: "\(directory)/gateway.log")
            try process.waitUntilReady(address)
        }

        func write(_ yaml: String) throws {
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        }

        func hangUp() throws { #expect(kill(process.processID, SIGHUP) == 0) }

        func post() throws -> HTTPAnswer { try address.post("/-/reload", body: []) }

        /// Of the projects in force, in the order of the file.
        func projects() throws -> [String] {
            try address.get("/api/projects").json()["data"]?.items?.compactMap {
                $0["name"]?.text
            } ?? []
        }

        func metric(_ name: String) throws -> String? {
            try address.get("/metrics").text.split(separator: "\n")
                .first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
        }

        /// Looks again and again until something is so.
        func wait(_ what: String, until isSo: () throws -> Bool) throws {
            let deadline = Date(timeIntervalSinceNow: 60)
            while Date() < deadline {
                if try isSo() { return }
                usleep(20_000)
            }
            throw TestFailure("\(what) did not happen:\n\(process.log.suffix(2000))")
        }
    }

    /// Holds its answers to queries until it is told to go on.
    private final class HeldMember: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        let server: LoopbackServer

        init() throws {
            let gate = gate
            server = try LoopbackServer { request, socket in
                guard Self.isQuestion(request) else {
                    try Self.write(
                        #"{"status":"error","errorType":"not_found","error":""}"#, socket)
                    return
                }
                gate.wait()
                gate.signal()
                try Self.write(
                    #"{"status":"success","data":{"resultType":"vector","result":"#
                        + #"[{"metric":{"__name__":"up","job":"j"},"value":[1000,"7"]}]}}"#, socket)
            }
        }

        deinit { gate.signal() }

        var isAsked: Bool { server.queries.contains(where: Self.isQuestion) }

        private static func isQuestion(_ request: LoopbackServer.Request) -> Bool {
            let parameters = request.target + "&" + String(decoding: request.body, as: UTF8.self)
            return request.path.hasSuffix("/api/v1/query") && parameters.contains("query=up&")
        }

        func goOn() { gate.signal() }

        private static func write(_ body: String, _ socket: Socket) throws {
            try socket.write(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
        }
    }

    private func withFolder<Outcome: Sendable>(
        _ work: @Sendable (String) throws -> Outcome
    ) async throws -> Outcome {
        try await withTemporaryFolder { folder in try await offPool { try work(folder) } }
    }

    private static func file(_ names: [String], url: String = "http://127.0.0.1:1") -> String {
        "projects:\n"
            + names.map { "  - {name: \($0), prometheus: {url: \"\(url)\"}}\n" }.joined()
    }

    @Test func aHangupTakesTheFileOverWhole() async throws {
        try await withFolder { folder in
            let files = [["a1", "a2", "a3"], ["b1", "b2", "b3"]]
            let gateway = try Reloadable(Self.file(files[0]), directory: folder)
            // A request meanwhile sees one of the two, and never a mixture.
            for round in 1...6 {
                let wanted = files[round % 2]
                try gateway.write(Self.file(wanted))
                try gateway.hangUp()
                try gateway.wait("reload \(round)") {
                    let found = try gateway.projects()
                    #expect(files.contains(found), "\(found)")
                    return found == wanted
                }
            }
            #expect(try gateway.metric("tributary_config_last_reload_successful") == "1")
        }
    }

    @Test(arguments: [true, false])
    func aRunningQueryEndsUnderTheFormerConfiguration(bySignal: Bool) async throws {
        try await withFolder { folder in
            let member = try HeldMember()
            let former = Self.file(["held"], url: member.server.address.url)
            let gateway = try Reloadable(
                former + "  - {name: all, memberProjects: [held]}\n", directory: folder)
            let answers = Answers()
            Thread.detachNewThread {
                answers.put(
                    Result {
                        try gateway.address.get("/p/all/api/v1/query?query=up&time=1000")
                    })
            }
            try gateway.wait("the query") { member.isAsked }

            try gateway.write(Self.file(["other"]))
            if bySignal {
                try gateway.hangUp()
                try gateway.wait("the reload") { try gateway.projects() == ["other"] }
            } else {
                let answer = try gateway.post()
                #expect(answer.status == 200, "\(answer.text)")
                #expect(try gateway.projects() == ["other"])
            }
            let late = try gateway.address.get("/p/all/api/v1/query?query=up&time=1000")
            #expect(late.status == 404)

            #expect(!answers.isThere)
            member.goOn()
            try gateway.wait("the answer") { answers.isThere }
            let answer = try #require(try answers.value?.get())
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.text.contains(#""project":"held""#), "\(answer.text)")
            #expect(answer.text.contains(#"[1000,"7"]"#), "\(answer.text)")
        }
    }

    @Test func aBadFileChangesNothingAndIsReported() async throws {
        try await withFolder { folder in
            let gateway = try Reloadable(Self.file(["good"]), directory: folder)
            let bad = "projects:\n  - {name: bad, promtheus: {url: http://127.0.0.1:1}}\n"
            let problem = "configuration.yaml:2:"
            try gateway.write(bad)
            try gateway.hangUp()
            try gateway.wait("the report") {
                gateway.process.log.contains("the configuration was not reloaded")
            }
            #expect(gateway.process.log.contains(problem))
            #expect(gateway.process.log.contains("did you mean prometheus?"))
            #expect(try gateway.projects() == ["good"])
            #expect(try gateway.metric("tributary_config_last_reload_successful") == "0")

            let answer = try gateway.post()
            #expect(answer.status == 500)
            #expect(answer.text.hasPrefix("failed to reload config: "))
            #expect(answer.text.contains(problem))
            #expect(try gateway.projects() == ["good"])

            // So is one that is not there.
            try FileManager.default.removeItem(atPath: gateway.path)
            #expect(try gateway.post().status == 500)
            #expect(try gateway.projects() == ["good"])

            try gateway.write(Self.file(["better"]))
            #expect(try gateway.post().status == 200)
            #expect(try gateway.projects() == ["better"])
            #expect(try gateway.metric("tributary_config_last_reload_successful") == "1")
        }
    }

    /// What a thread came back with.
    private final class Answers: @unchecked Sendable {
        // Guarded by `lock`.
        private let lock = NSLock()
        private var found: Result<HTTPAnswer, any Error>?

        func put(_ result: Result<HTTPAnswer, any Error>) {
            lock.lock()
            defer { lock.unlock() }
            found = result
        }

        var value: Result<HTTPAnswer, any Error>? {
            lock.lock()
            defer { lock.unlock() }
            return found
        }

        var isThere: Bool { value != nil }
    }
}
