import Foundation
import RealServers
import TestSupport
import Testing

/// A real Prometheus behind a certificate that no system trusts.
@Suite("TLS to members")
struct TLSTests {
    /// A member over TLS, and where its certificate lies.
    private struct SecureMember {
        let process: ChildProcess
        let port: UInt16
        let certificate: String

        /// Makes a certificate for 127.0.0.1, and gives the paths of it and of its key.
        static func certificate(
            in directory: String
        ) throws -> (certificate: String, key: String) {
            let (certificate, key) = ("\(directory)/certificate.pem", "\(directory)/key.pem")
            let made = try CommandOutput.of(
                "/usr/bin/env",
                [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key,
                    "-out", certificate, "-subj", "/CN=member", "-addext",
                    "subjectAltName=IP:127.0.0.1",
                ])
            guard made.status == 0 else {
                throw TestFailure("openssl made no certificate: \(made.errors)")
            }
            return (certificate, key)
        }

        init(_ version: PrometheusVersion, directory: String) throws {
            let key: String
            (certificate, key) = try Self.certificate(in: directory)
            try "tls_server_config: {cert_file: \(certificate), key_file: \(key)}\n".write(
                toFile: "\(directory)/web.yml", atomically: false, encoding: .utf8)
            try "global: {}\n".write(
                toFile: "\(directory)/prometheus.yml", atomically: false, encoding: .utf8)
            port = try LoopbackPort.free()
            process = try ChildProcess(
                name: "secure",
                command: [
                    try version.tool("prometheus"),
                    "--config.file=\(directory)/prometheus.yml",
                    "--storage.tsdb.path=\(directory)/data",
                    "--web.config.file=\(directory)/web.yml",
                    "--web.listen-address=127.0.0.1:\(port)",
                ],
                logPath: "\(directory)/secure.log")
            // Over plain HTTP it cannot be asked whether it is ready.
            let deadline = Date(timeIntervalSinceNow: 60)
            while !process.log.contains("Server is ready to receive web requests") {
                guard process.isRunning, Date() < deadline else {
                    throw TestFailure("no TLS member: \(process.log.suffix(2000))")
                }
                usleep(50_000)
            }
        }
    }

    @Test(
        "Members are reached over TLS and HTTP/2, and only when their certificate is accepted",
        arguments: [PrometheusVersion.two, .three])
    func certificates(version: PrometheusVersion) async throws {
        try await offPool {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-tls-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let member = try SecureMember(version, directory: directory)
            defer { member.process.stop() }
            let url = "https://127.0.0.1:\(member.port)"
            let gateway = try GatewayServer(
                name: "gateway",
                members: [
                    .init(
                        name: "trusted", url: url,
                        options: ", tls: {caFile: \(member.certificate)}"),
                    .init(name: "skipped", url: url, options: ", tlsSkipVerify: true"),
                    .init(name: "strange", url: url),
                    .init(
                        name: "misnamed", url: url,
                        options: ", tls: {caFile: \(member.certificate), serverName: other.test}"),
                ],
                projects: [], directory: directory)
            defer { gateway.process.stop() }

            for name in ["trusted", "skipped"] {
                let answer = try gateway.project(name)
                    .get("/api/v1/query", [("query", "vector(1)+0*time()"), ("time", "5")])
                #expect(answer.status == 200)
                let asked = try gateway.project(name).get("/api/v1/labels")
                #expect(asked.status == 200)
                #expect(try asked.json()["warnings"] == nil)
            }
            // The name is judged too, unless everything is accepted.
            for name in ["strange", "misnamed"] {
                let answer = try gateway.project(name).get("/api/v1/query", [("query", "up")])
                #expect(answer.status == 503)
                let text = try answer.json()["error"]?.text ?? ""
                #expect(text.contains("project \"\(name)\": TLS: "), "\(text)")
            }
            let metrics = try HTTPAddress(port: gateway.port).get("/metrics").text
            for name in ["trusted", "skipped"] {
                func isSpoken(_ version: String) -> Bool {
                    metrics.contains(
                        #"tributary_member_http_info{member="\#(name)",version="\#(version)"} 1"#)
                }
                // Debian's 3.5 does not offer HTTP/2 over TLS, though it is switched on there.
                #expect(isSpoken("HTTP/2") || version == .three && isSpoken("HTTP/1.1"))
            }
        }
    }

    @Test("A server that speaks no newer TLS than 1.2 is refused where 1.3 is the oldest")
    func oldestVersion() async throws {
        try await offPool {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-tls-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (certificate, key) = try SecureMember.certificate(in: directory)
            let port = try LoopbackPort.free()
            // It answers a page with the state of the connection.
            let server = try ChildProcess(
                name: "openssl",
                command: [
                    "/usr/bin/env", "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-cert",
                    certificate, "-key", key, "-tls1_2", "-www",
                ],
                logPath: "\(directory)/openssl.log")
            defer { server.stop() }
            let deadline = Date(timeIntervalSinceNow: 60)
            while !server.log.contains("ACCEPT") {
                guard server.isRunning, Date() < deadline else {
                    throw TestFailure("no TLS server: \(server.log.suffix(2000))")
                }
                usleep(50_000)
            }
            let url = "https://127.0.0.1:\(port)"
            func options(_ version: String) -> String {
                ", timeout: 5s, tls: {caFile: \(certificate), minVersion: \"\(version)\"}"
            }
            let gateway = try GatewayServer(
                name: "gateway",
                members: [
                    .init(name: "older", url: url, options: options("1.2")),
                    .init(name: "newer", url: url, options: options("1.3")),
                ],
                projects: [], directory: directory)
            defer { gateway.process.stop() }
            // The page is none that the API answers with: the older one fails too, behind the handshake.
            for (name, isRefused) in [("older", false), ("newer", true)] {
                let answer = try gateway.project(name).get("/api/v1/query", [("query", "up")])
                let text = try answer.json()["error"]?.text ?? ""
                #expect(text.contains("project \"\(name)\": "), "\(text)")
                #expect(text.contains("TLS: ") == isRefused, "\(text)")
            }
        }
    }
}
