import Foundation
import Glibc
import RealServers
import Synchronization
import TestSupport
import Testing

/// `projectFiles` under a running gateway.
@Suite struct ProjectFileTests {
    /// The gateway's binary over a configuration with a folder of project files.
    private final class Watched: Sendable {
        let folder: String
        let process: ChildProcess
        let address: HTTPAddress

        init(_ folder: String, _ files: [String: String]) throws {
            self.folder = folder
            try FileManager.default.createDirectory(
                atPath: folder + "/projects.d", withIntermediateDirectories: true)
            for (name, text) in files { try Self.write(text, to: "\(folder)/projects.d/\(name)") }
            let path = folder + "/configuration.yaml"
            try Self.write(
                """
                projectFiles: ["projects.d/*.yaml"]
                projects: [{name: all, memberProjects: ["*"], partialResponse: abort}]
                """, to: path)
            (process, address) = try ChildProcess.gateway("watched", over: path, in: folder)
        }

        private static func write(_ text: String, to path: String) throws {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        }

        func path(_ name: String) -> String { "\(folder)/projects.d/\(name)" }

        /// Written beside the file and moved into its place.
        func replace(_ name: String, _ text: String) throws {
            try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        }

        /// Written in place, byte by byte, the file being there all the time.
        func writeSlowly(_ name: String, _ text: String) throws {
            let file = try #require(fopen(path(name), "w"))
            defer { fclose(file) }
            for byte in text.utf8 {
                #expect(fputc(Int32(byte), file) >= 0 && fflush(file) == 0)
                usleep(1000)
            }
        }

        func members() throws -> [String] {
            try address.get("/api/projects/all").json()["data"]?["memberProjects"]?.items?
                .compactMap(\.text) ?? []
        }

        func up(_ name: String) throws -> String? {
            let series = "tributary_discovery_up{kind=\"file\",source=\"\(path(name))\"} "
            return try address.get("/metrics").text.split(separator: "\n")
                .first { $0.hasPrefix(series) }.map { String($0.dropFirst(series.count)) }
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

    private final class Answer: Sendable {
        let text = Mutex<String?>(nil)
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

    @Test func `Files that come, change and go are in force without a reload`() async throws {
        try await withFolder { folder in
            let gateway = try Watched(folder, ["a.yaml": Self.file(["a"])])
            #expect(try gateway.members() == ["a"])
            try gateway.replace("b.yaml", Self.file(["b1", "b2"]))
            try gateway.wait("the new file") { try gateway.members() == ["a", "b1", "b2"] }
            try gateway.writeSlowly("a.yaml", Self.file(["a1", "a2", "a3"]))
            try gateway.wait("the change") {
                try gateway.members() == ["a1", "a2", "a3", "b1", "b2"]
            }
            #expect(unlink(gateway.path("b.yaml")) == 0)
            try gateway.wait("the removal") { try gateway.members() == ["a1", "a2", "a3"] }
            #expect(gateway.process.isRunning)
        }
    }

    @Test func `A bad file keeps what was in force of it, says so, and recovers`() async throws {
        try await withFolder { folder in
            let gateway = try Watched(
                folder, ["a.yaml": Self.file(["a"]), "b.yaml": Self.file(["b"])])
            #expect(try gateway.up("a.yaml") == "1")
            try gateway.replace(
                "a.yaml",
                #"projects: [{name: a, prometheus: {url: "http://127.0.0.1:1"}, colour: red}]"#)
            try gateway.wait("the warning") { try gateway.up("a.yaml") == "0" }
            let error = "a.yaml:1:63: projects[0].colour: project a: unknown key colour"
            try gateway.wait("the log") { gateway.process.log.contains(error) }
            let shown = try gateway.address.get("/api/projects/a").json()["data"]?["source"]
            #expect(shown?["error"]?.text?.contains(error) == true, "\(String(describing: shown))")
            #expect(shown?["name"]?.text?.hasSuffix("/projects.d/a.yaml") == true)
            // The rest goes on.
            try gateway.replace("b.yaml", Self.file(["b1"]))
            try gateway.wait("the other file") { try gateway.members() == ["a", "b1"] }
            #expect(try gateway.up("a.yaml") == "0")
            try gateway.replace("a.yaml", Self.file(["a1"]))
            try gateway.wait("the recovery") { try gateway.members() == ["a1", "b1"] }
            #expect(try gateway.up("a.yaml") == "1")
        }
    }

    @Test func `A mounted folder may be replaced whole, as Kubernetes does`() async throws {
        try await withFolder { folder in
            // What a ConfigMap's folder holds: links to files below a link that is moved.
            let gateway = try Watched(folder, [:])
            func version(_ number: Int, _ names: [String]) throws {
                let directory = "\(folder)/projects.d/..\(number)"
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true)
                try Self.file(names).write(
                    toFile: directory + "/p.yaml", atomically: false, encoding: .utf8)
                #expect(symlink("..\(number)", gateway.path("..data_tmp")) == 0)
                #expect(rename(gateway.path("..data_tmp"), gateway.path("..data")) == 0)
            }
            try version(1, ["one"])
            #expect(symlink("..data/p.yaml", gateway.path("p.yaml")) == 0)
            try gateway.wait("the first version") { try gateway.members() == ["one"] }
            try version(2, ["two"])
            try gateway.wait("the second version") { try gateway.members() == ["two"] }
        }
    }

    /// The test's own query of the member `held`; the gateway's look at its status is another, and is
    /// answered at once.
    private static func isHeld(_ request: LoopbackServer.Request) -> Bool {
        let parameters = request.target + String(decoding: request.body, as: UTF8.self)
        return request.path == "/held/api/v1/query" && parameters.contains("time=1000")
    }

    @Test func `A query that runs ends over the members it began with`() async throws {
        try await withFolder { folder in
            let gate = DispatchSemaphore(value: 0)
            let member = try LoopbackServer { request, socket in
                let isQuestion = request.path.hasSuffix("/api/v1/query")
                if Self.isHeld(request) { gate.wait() }
                let body =
                    isQuestion
                    ? #"{"status":"success","data":{"resultType":"vector","result":"#
                        + #"[{"metric":{"__name__":"up"},"value":[1000,"7"]}]}}"#
                    : #"{"status":"error","errorType":"not_found","error":""}"#
                try socket.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
            }
            let url = "http://127.0.0.1:\(member.port)"
            let gateway = try Watched(
                folder, ["a.yaml": Self.file(["held"], url: url + "/held")])
            let target = "/p/all/api/v1/query?query=up&time=1000"
            let first = Answer()
            let address = gateway.address
            Thread.detachNewThread {
                let text = (try? address.get(target).text) ?? "no answer"
                first.text.withLock { $0 = text }
            }
            try gateway.wait("the question") {
                member.queries.contains(where: Self.isHeld)
            }
            try gateway.replace("b.yaml", Self.file(["new"], url: url + "/new"))
            try gateway.wait("the new member") { try gateway.members() == ["held", "new"] }
            // Over the members of now, while the first query is under way still.
            let second = try address.get("/p/all/api/v1/explain?query=up").text
            #expect(second.contains("new"))
            #expect(first.text.withLock { $0 } == nil)
            gate.signal()
            try gateway.wait("the answer") { first.text.withLock { $0 } != nil }
            let answer = first.text.withLock { $0 } ?? ""
            #expect(answer.contains(#""project":"held""#), "\(answer)")
            #expect(!answer.contains(#""project":"new""#), "\(answer)")
        }
    }

    @Test func `A bad file stops the start and the check`() async throws {
        try await withFolder { folder in
            let path = folder + "/c.yaml"
            try "projectFiles: [p.yaml]\nprojects: []\n".write(
                toFile: path, atomically: true, encoding: .utf8)
            try "projects:\n  - {name: a}\n".write(
                toFile: folder + "/p.yaml", atomically: true, encoding: .utf8)
            for command in [["serve", "--config", path], ["check", path]] {
                let result = try CommandOutput.of(Repository.gateway(), command)
                #expect(result.status == 2)
                #expect(
                    result.errors.contains("p.yaml:2:5: projects[0]: project a: no data source"),
                    "\(result.errors)")
            }
        }
    }
}
