import Foundation
import RealServers
import TestSupport
import Testing

/// `tributary health`, which the image asks.
struct HealthCommandTests {
    private static func health(_ url: String) throws -> CommandOutput {
        try .of(try Repository.gateway(), ["health", "--url", url, "--timeout", "1"])
    }

    @Test("It ends with 0 while the gateway answers, with or without a base path")
    func healthy() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let port = try LoopbackPort.free()
                let path = "\(folder)/configuration.yaml"
                // Its member is away, which does not make the gateway unhealthy.
                let text = """
                    url_base_path: /metrics-of-all
                    projects:
                      - name: away
                        prometheus: {url: "http://127.0.0.1:1"}

                    """
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                let gateway = try ChildProcess(
                    name: "gateway",
                    command: [
                        try Repository.gateway(), "serve", "--config", path, "--listen",
                        "127.0.0.1:\(port)",
                    ], logPath: "\(folder)/log")
                let base = HTTPAddress(port: port, prefix: "/metrics-of-all")
                try gateway.waitUntilReady(base)
                for url in [base.url, base.url + "/"] {
                    let outcome = try Self.health(url)
                    #expect(outcome == CommandOutput(status: 0, output: "healthy\n", errors: ""))
                }
                let elsewhere = try Self.health("http://127.0.0.1:\(port)/elsewhere")
                #expect(elsewhere.status == 1 && elsewhere.errors.contains("HTTP status 404"))
                gateway.stop()
                let gone = try Self.health(base.url)
                #expect(gone.status == 1 && gone.errors.contains("connection refused"), "\(gone)")
            }
        }
    }

    @Test("A server that says nothing is not healthy, after the time that was given")
    func silent() async throws {
        try await offPool {
            let server = try LoopbackServer.silent()
            let outcome = try Self.health(server.address.url)
            #expect(outcome.status == 1 && outcome.errors.contains("timed out"), "\(outcome)")
            server.stop()
        }
    }
}
