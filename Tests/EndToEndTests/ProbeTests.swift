import Foundation
import RealServers
import TestSupport
import Testing

/// A real member that dies and comes back while no query asks it.
@Suite(
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct ProbeTests {
    @Test("What is said of a member that dies and comes back is true, though nothing asks it")
    func goesAndComesBack() throws {
        let folder = NSTemporaryDirectory() + "tributary-probes-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let members = try ["a", "b"].map { try PrometheusServer(name: $0, directory: folder) }
        let gateway = try GatewayServer(
            name: "gateway",
            members: [
                .init(name: "a", url: members[0].address.url),
                .init(name: "b", url: members[1].address.url),
            ], projects: [.init(name: "all", members: ["a", "b"])],
            settings: "probes: {interval: 300ms}\n", directory: folder)
        defer {
            gateway.process.stop()
            for member in members { member.process.stop() }
        }
        let own = HTTPAddress(port: gateway.port)
        try Self.wait("both up", gateway) { try Self.up(own) == ["a": "1", "b": "1"] }
        #expect(try own.get("/-/ready", [("members", "all")]).status == 200)

        kill(members[0].process.processID, SIGKILL)
        try Self.wait("a down", gateway) { try Self.up(own) == ["a": "0", "b": "1"] }
        #expect(try own.get("/-/ready", [("members", "all")]).status == 503)
        #expect(try own.get("/-/ready", [("members", "any")]).status == 200)

        members[0].process.stop()
        let again = try Self.startAgain("a", at: members[0].address, folder)
        defer { again.stop() }
        try Self.wait("a up again", gateway) { try Self.up(own) == ["a": "1", "b": "1"] }
        #expect(try own.get("/-/ready", [("members", "all")]).status == 200)
        // Each change is in the log once, with its cause and how long the state before it lasted.
        let lines = gateway.process.log.split(separator: "\n").filter { $0.contains("member=a") }
        #expect(lines.count == 2, "\(lines)")
        #expect(lines.first?.contains("connection refused") == true, "\(lines)")
        #expect(lines.last?.contains("a member is back") == true, "\(lines)")
    }

    /// By member, as `/metrics` says it.
    private static func up(_ gateway: HTTPAddress) throws -> [String: String] {
        let name = #"tributary_member_up{member=""#
        let lines = try gateway.get("/metrics").text.split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.filter { $0.hasPrefix(name) }.map { line in
                let parts = line.dropFirst(name.count).components(separatedBy: #""} "#)
                return (parts[0], parts.last ?? "")
            })
    }

    private static func wait(
        _ what: String, _ gateway: GatewayServer, until isSo: () throws -> Bool
    ) throws {
        let deadline = Date(timeIntervalSinceNow: 60)
        while try !isSo() {
            guard Date() < deadline else {
                throw TestFailure("\(what): not so after a minute\n\(gateway.process.log)")
            }
            usleep(50_000)
        }
    }

    private static func startAgain(
        _ name: String, at address: HTTPAddress, _ folder: String
    ) throws -> ChildProcess {
        let home = "\(folder)/\(name)"
        let again = try ChildProcess(
            name: "\(name) again",
            command: [
                try PrometheusVersion.three.tool("prometheus"),
                "--config.file=\(home)/prometheus.yml", "--storage.tsdb.path=\(home)/data",
                "--web.listen-address=127.0.0.1:\(address.port)", "--log.level=warn",
            ], logPath: "\(home)/log2")
        try again.waitUntilReady(address)
        return again
    }
}
