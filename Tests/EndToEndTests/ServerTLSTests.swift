import Foundation
import RealServers
import TestSupport
import Testing

/// The gateway's own TLS, as openssl's client sees it.
@Suite("TLS to clients")
struct ServerTLSTests {
    /// A certificate that is its own authority, and its key.
    private struct Certificate {
        let certificate: String
        let key: String

        init(_ name: String, in folder: String, options: [String] = ["-nodes"]) throws {
            key = "\(folder)/\(name).key"
            certificate = "\(folder)/\(name).pem"
            let made = try CommandOutput.of(
                "/usr/bin/env",
                [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-days", "2", "-keyout", key, "-out",
                    certificate, "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1",
                ] + options)
            guard made.status == 0 else {
                throw TestFailure("openssl made no certificate: \(made.errors)")
            }
        }
    }

    private struct Gateway {
        let process: ChildProcess
        let port: UInt16

        /// - Parameter tls: The value of the key.
        init(tls: String, in folder: String) throws {
            port = try LoopbackPort.free()
            let path = "\(folder)/configuration.yaml"
            try ServerTLSTests.file(tls: tls).write(
                toFile: path, atomically: true, encoding: .utf8)
            process = try ChildProcess(
                name: "secure",
                command: [
                    try Repository.gateway(), "serve", "--config", path, "--listen",
                    "127.0.0.1:\(port)",
                ], logPath: "\(folder)/gateway.log")
            try waitForLog("listens on https://127.0.0.1:\(port)")
        }

        func waitForLog(_ text: String) throws {
            try wait { process.log.contains(text) }
        }

        func wait(until isDone: () throws -> Bool) throws {
            let deadline = Date(timeIntervalSinceNow: 120)
            while try !isDone() {
                guard process.isRunning, Date() < deadline else {
                    throw TestFailure("the gateway did not come so far: \(process.log)")
                }
                usleep(50_000)
            }
        }

        /// What the server says to one request for its health.
        func health(_ options: String) throws -> String {
            try CommandOutput.of(
                "/bin/sh", ["-c", "\(request(isLast: true)) | \(client(options))"]
            )
            .output
        }

        func request(isLast: Bool) -> String {
            #"printf 'GET /-/healthy HTTP/1.1\r\nHost: a\r\n"#
                + (isLast ? #"Connection: close\r\n\r\n'"# : #"\r\n'"#)
        }

        func client(_ options: String) -> String {
            "openssl s_client -quiet -connect 127.0.0.1:\(port) -verify_return_error \(options)"
        }

        /// The name in the certificate that new connections get.
        func name(_ certificates: [Certificate]) throws -> String? {
            for certificate in certificates
            where try health("-CAfile \(certificate.certificate)").contains("200 OK") {
                return certificate.certificate
            }
            return nil
        }
    }

    private static func file(tls: String) -> String {
        "tls: \(tls)\nprojects: [{name: a, prometheus: {url: \"http://127.0.0.1:1\"}}]\n"
    }

    @Test("TLS 1.2 and 1.3 are spoken, no older one and no plain HTTP")
    func versions() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let own = try Certificate("own", in: folder)
                let gateway = try Gateway(
                    tls: "{certFile: \(own.certificate), keyFile: \(own.key)}", in: folder)
                let trust = "-CAfile \(own.certificate)"
                for version in ["-tls1_2", "-tls1_3", "-alpn http/1.1"] {
                    let answer = try gateway.health("\(trust) \(version)")
                    #expect(answer.contains("200 OK"), "\(version): \(answer)")
                }
                let old = "-tls1_1 -cipher DEFAULT:@SECLEVEL=0"
                #expect(try !gateway.health("\(trust) \(old)").contains("HTTP/1.1"))
                let socket = try Socket(connectingTo: gateway.port, timeout: 60)
                try socket.write("GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")
                let plain = (try? socket.read()) ?? []
                #expect(!String(decoding: plain, as: UTF8.self).contains("HTTP/1.1"))
                gateway.process.stop()
            }
        }
    }

    @Test("With clientCAFile only clients with a certificate of that authority are served")
    func clientCertificates() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let own = try Certificate("own", in: folder)
                let client = try Certificate("client", in: folder)
                let stranger = try Certificate("stranger", in: folder)
                let gateway = try Gateway(
                    tls: "{certFile: \(own.certificate), keyFile: \(own.key), "
                        + "clientCAFile: \(client.certificate)}", in: folder)
                for version in ["-tls1_2", "-tls1_3"] {
                    let trust = "\(version) -CAfile \(own.certificate)"
                    let shown = { (certificate: Certificate) in
                        "\(trust) -cert \(certificate.certificate) -key \(certificate.key)"
                    }
                    #expect(try gateway.health(shown(client)).contains("200 OK"))
                    #expect(try !gateway.health(trust).contains("HTTP/1.1"))
                    #expect(try !gateway.health(shown(stranger)).contains("HTTP/1.1"))
                }
                gateway.process.stop()
            }
        }
    }

    @Test("Certificates that are replaced are used for new connections, bad ones are not")
    func replaced() async throws {
        try await withTemporaryFolder { folder in
            let (own, next, gateway) = try await offPool {
                let own = try Certificate("own", in: folder)
                let next = try Certificate("next", in: folder)
                for (from, to) in [(own.certificate, "used.pem"), (own.key, "used.key")] {
                    try FileManager.default.copyItem(atPath: from, toPath: "\(folder)/\(to)")
                }
                let gateway = try Gateway(
                    tls: "{certFile: \(folder)/used.pem, keyFile: \(folder)/used.key}", in: folder)
                return (own, next, gateway)
            }
            // It asks again after everything else.
            async let kept = offPool {
                let waiting = "while [ ! -e \(folder)/go ]; do sleep 0.1; done"
                let requests =
                    "(\(gateway.request(isLast: false)); \(waiting); "
                    + "\(gateway.request(isLast: true)))"
                return try CommandOutput.of(
                    "/bin/sh",
                    [
                        "-c",
                        "\(requests) | \(gateway.client("-CAfile \(own.certificate)")) "
                            + "| tee \(folder)/kept",
                    ]
                ).output
            }
            try await offPool {
                try gateway.wait {
                    (try? String(contentsOfFile: "\(folder)/kept", encoding: .utf8))?
                        .contains("200 OK") == true
                }
                // For a moment the key is not that of the certificate.
                for (from, to) in [(next.certificate, "used.pem"), (next.key, "used.key")] {
                    let bytes = try Data(contentsOf: URL(fileURLWithPath: from))
                    try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(to)"), options: .atomic)
                }
                try gateway.wait { try gateway.name([own, next]) == next.certificate }
                try Data("nonsense".utf8).write(to: URL(fileURLWithPath: "\(folder)/used.pem"))
                try gateway.waitForLog("used.pem holds no certificate that can be read")
                #expect(gateway.process.log.contains("the certificate of before stays in use"))
                #expect(try gateway.name([own, next]) == next.certificate)
                try Data().write(to: URL(fileURLWithPath: "\(folder)/go"))
            }
            #expect(try await kept.components(separatedBy: "200 OK").count == 3)
            gateway.process.stop()
        }
    }

    @Test("Files that cannot be used stop the start, with their place and the mend")
    func unusable() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let own = try Certificate("own", in: folder)
                let other = try Certificate("other", in: folder)
                let locked = try Certificate("locked", in: folder, options: ["-passout", "pass:x"])
                for (tls, error) in [
                    (
                        "{certFile: \(folder)/none.pem, keyFile: \(own.key)}",
                        "1:17: tls.certFile: \(folder)/none.pem cannot be read: No such file or "
                            + "directory; name a file that can be read"
                    ),
                    (
                        "{keyFile: \(own.key), certFile: \(own.key)}",
                        "tls.certFile: \(own.key) holds no certificate that can be read; name a "
                            + "PEM file that begins with"
                    ),
                    (
                        "{certFile: \(own.certificate), keyFile: \(own.certificate)}",
                        "tls.keyFile: \(own.certificate) holds no key that can be read"
                    ),
                    (
                        "{certFile: \(locked.certificate), keyFile: \(locked.key)}",
                        "without a passphrase"
                    ),
                    (
                        "{certFile: \(own.certificate), keyFile: \(other.key)}",
                        "tls.keyFile: \(other.key) is not the key of the certificate; name the key "
                            + "that \(own.certificate) was made for"
                    ),
                    (
                        "{certFile: \(own.certificate), keyFile: \(own.key), "
                            + "clientCAFile: \(folder)}",
                        "tls.clientCAFile: \(folder) cannot be read"
                    ),
                ] {
                    let path = "\(folder)/bad.yaml"
                    try Self.file(tls: tls).write(toFile: path, atomically: true, encoding: .utf8)
                    for command in [["check"], ["serve", "--config"]] {
                        let checked = try CommandOutput.of(
                            Repository.gateway(), command + [path])
                        #expect(checked.status == 2, "\(checked)")
                        #expect(checked.errors.contains("bad.yaml:1:"))
                        #expect(checked.errors.contains(error), "\(checked)")
                        #expect(!checked.errors.contains("PRIVATE"))
                    }
                }
            }
        }
    }
}
