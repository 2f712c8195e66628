import Foundation
import RealServers
import TestSupport

/// A real vmalert that evaluates rules over a server of the API, every second.
final class VMAlertServer: Sendable {
    let process: ChildProcess
    let address: HTTPAddress

    /// Where `vmalert` is; it comes with VictoriaMetrics (`scripts/fetch-victoriametrics`).
    static let tool: String? = {
        let named = ProcessInfo.processInfo.environment["TRIBUTARY_VICTORIAMETRICS_BIN"]
        return [named, "\(Repository.root)/.build/forky/usr/bin"].compactMap { $0 }
            .map { "\($0)/vmalert" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// - Parameter options: further arguments of vmalert.
    init(
        over server: HTTPAddress, rules: String, notifying receiver: HTTPAddress,
        options: [String] = [], directory: String
    ) throws {
        guard let tool = Self.tool else { throw TestFailure("no vmalert on this machine") }
        let path = "\(directory)/rules.yaml"
        try rules.write(toFile: path, atomically: true, encoding: .utf8)
        let port = try LoopbackPort.free()
        address = HTTPAddress(port: port)
        process = try ChildProcess(
            name: "vmalert",
            command: [
                tool, "-rule=\(path)", "-datasource.url=\(server.url)",
                "-notifier.url=\(receiver.url)", "-httpListenAddr=127.0.0.1:\(port)",
                "-evaluationInterval=1s", "-loggerLevel=WARN",
                // What is asked for is the newest sample, and not one of half a minute ago.
                "-rule.evalDelay=0",
            ] + options, logPath: "\(directory)/vmalert.log")
        let deadline = Date(timeIntervalSinceNow: 60)
        while (try? address.get("/health", timeout: 2))?.status != 200 {
            guard process.isRunning, Date() < deadline else {
                throw TestFailure("vmalert does not answer:\n\(process.log.suffix(2000))")
            }
            usleep(50_000)
        }
    }

    /// The rule with the name, as vmalert shows it.
    func rule(_ name: String) throws -> JSONValue? {
        let groups = try address.get("/api/v1/rules").json()["data"]?["groups"]?.items ?? []
        return groups.flatMap { $0["rules"]?.items ?? [] }.first { $0["name"]?.text == name }
    }
}
