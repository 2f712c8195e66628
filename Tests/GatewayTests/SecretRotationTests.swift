import Foundation
import GatewayConfiguration
import PrometheusServer
import Synchronization
import TestSupport
import Testing
import UpstreamSettings

@testable import Federation
@testable import Gateway

/// Secrets in files that are replaced while the gateway runs, with no reload.
@Suite(.closesGateways) struct SecretRotationTests {
    /// What members were shown, by their paths' first part.
    private final class Shown: Sendable {
        let values = Mutex<[String: [String]]>([:])

        func responder(_ field: String) -> PrometheusResponder {
            Visits().responder { request in
                let name = String(request.path.dropFirst().prefix { $0 != "/" })
                let value = request.headers[field] ?? "none"
                self.values.withLock { $0[name, default: []].append(value) }
                return .json(Array(#"{"status":"success","data":["up"]}"#.utf8))
            }
        }

        func last(_ name: String) -> String? { values.withLock { $0[name]?.last } }
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    @Test func membersAreShownTheNewSecretWithoutAReload() async throws {
        try await withTemporaryFolder { folder in
            let shown = Shown()
            try await LoopbackServers.serve(["m": shown.responder("Authorization")]) { ports in
                let url = "http://127.0.0.1:\(ports["m"] ?? 0)"
                try write("first-token\n", to: folder + "/token")
                try write("first", to: folder + "/password")
                let gateway = try await TestGateway(
                    """
                    auth: {tokens: [{name: root, token: root-token, admin: true}]}
                    clusters:
                      - {name: c, prometheus: {url: "\(url)/c", bearerTokenFile: \(folder)/token}}
                    clusterPools: {default: [c]}
                    projects:
                      - {name: b, prometheus: {url: "\(url)/b", bearerTokenFile: \(folder)/token}}
                      - name: p
                        prometheus:
                          url: "\(url)/p"
                          basicAuth: {username: u, passwordFile: \(folder)/password}
                      - {name: pool, clusterPool: default}
                    """)
                func ask() async throws {
                    for name in ["b", "p", "pool"] {
                        let answer = try await gateway.get("/p/\(name)/api/v1/labels")
                        #expect(answer.status == 200)
                    }
                }
                let basic = { (text: String) in
                    "Basic " + Data(text.utf8).base64EncodedString()
                }
                try await ask()
                #expect(shown.last("b") == "Bearer first-token")
                #expect(shown.last("c") == "Bearer first-token")
                #expect(shown.last("p") == basic("u:first"))
                let client = gateway.application.live.current.value.clients.projects["b"]

                try write("second-token\n", to: folder + "/token")
                try write("second", to: folder + "/password")
                await gateway.application.live.lookAtSecretFiles()
                try await ask()
                #expect(shown.last("b") == "Bearer first-token")
                await gateway.application.live.lookAtSecretFiles()
                try await ask()
                #expect(shown.last("b") == "Bearer second-token")
                #expect(shown.last("c") == "Bearer second-token")
                #expect(shown.last("p") == basic("u:second"))
                let now = gateway.application.live.current.value.clients.projects["b"]
                #expect(client === now)

                // What is no secret changes nothing, and the metrics tell of it.
                try write("third\ntoken\n", to: folder + "/token")
                await gateway.application.live.lookAtSecretFiles()
                await gateway.application.live.lookAtSecretFiles()
                try await ask()
                #expect(shown.last("b") == "Bearer second-token")
                let metrics = try await gateway.get("/metrics").body
                #expect(
                    metrics.contains("tributary_secret_file_usable{file=\"\(folder)/token\"} 0\n"))
                #expect(
                    metrics.contains(
                        "tributary_secret_file_replacements_total{file=\"\(folder)/token\"} 1\n"))
                #expect(!metrics.contains("second-token"))
            }
        }
    }

    @Test func clientsNeedTheNewTokenAndTheFormerOneIsRefused() async throws {
        try await withTemporaryFolder { folder in
            try write("first-token\n", to: folder + "/token")
            let gateway = try await TestGateway(
                """
                projects: [{name: a, prometheus: {url: http://127.0.0.1:1}}]
                auth:
                  tokens:
                    - {name: t, tokenFile: \(folder)/token}
                    - {name: root, token: root-token, admin: true}
                """)
            func status(_ token: String) async throws -> Int {
                try await gateway.send(
                    "GET", "/p/a/api/v1/explain?query=up",
                    headers: ["Authorization": "Bearer \(token)"]
                ).status
            }
            #expect(try await status("first-token") == 200)
            try write("second-token\n", to: folder + "/token")
            await gateway.application.live.lookAtSecretFiles()
            await gateway.application.live.lookAtSecretFiles()
            #expect(try await status("second-token") == 200)
            #expect(try await status("first-token") == 401)
            // One that could be guessed is not taken.
            try write("short", to: folder + "/token")
            await gateway.application.live.lookAtSecretFiles()
            await gateway.application.live.lookAtSecretFiles()
            #expect(try await status("short") == 401)
            #expect(try await status("second-token") == 200)
        }
    }

    @Test func aReplacedKeyIsNotGivenBackByTheStoreWhenItsProjectLeavesTheFile() async throws {
        try await withTemporaryFolder { folder in
            let secrets = folder + "/keys"
            try FileManager.default.createDirectory(
                atPath: secrets, withIntermediateDirectories: true)
            try write("first-key\n", to: secrets + "/own")
            let auth = "auth: {tokens: [{name: root, token: root-token, admin: true}]}\n"
            let gateway = try await TestGateway(
                auth + """
                    projects:
                      - name: a
                        prometheus: {url: http://127.0.0.1:1}
                        apiKeys: [{keySecret: {name: keys, key: own}}]
                      - {name: b, prometheus: {url: http://127.0.0.1:1}}
                    """, secrets: SecretFiles(directory: folder))
            func status(_ key: String) async throws -> Int {
                try await gateway.send(
                    "GET", "/p/a/api/v1/explain?query=up", headers: ["X-API-Key": key]
                ).status
            }
            #expect(try await status("first-key") == 200)
            try write("second-key\n", to: secrets + "/own")
            await gateway.application.live.lookAtSecretFiles()
            await gateway.application.live.lookAtSecretFiles()
            #expect(try await status("first-key") == 401)
            #expect(try await status("second-key") == 200)
            gateway.write(auth + "projects: [{name: b, prometheus: {url: http://127.0.0.1:1}}]\n")
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(try await status("first-key") == 401)
            #expect(try await status("second-key") == 200)
        }
    }
}
