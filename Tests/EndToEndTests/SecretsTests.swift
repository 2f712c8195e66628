import Foundation
import RealServers
import TestSupport
import Testing

/// What a gateway that knows secrets says and writes, whatever happens to it, holds none of them.
@Suite struct SecretsTests {
    private static let secrets = [
        "token-of-root", "key-of-a-project", "password-of-basic", "token-of-bearer",
        "value-of-a-header", "key-of-a-remote", "token-of-the-store", "word-in-a-bad-file",
        "presented-and-wrong", "key-in-a-bad-body",
    ]

    private static func file(port: UInt16, directory: String) -> String {
        """
        data_dir: \(directory)/data
        auth: {tokens: [{name: root, token: token-of-root, admin: true}]}
        projects:
          - name: basic
            prometheus:
              url: http://127.0.0.1:\(port)
              basicAuth: {username: u, password: password-of-basic}
              headers: {X-Key: value-of-a-header}
            apiKeys: [{key: key-of-a-project}]
          - {name: bearer, prometheus: {url: "http://127.0.0.1:\(port)", bearerToken: token-of-bearer}}
          - {name: remote, remoteCoroot: {url: "http://127.0.0.1:\(port)", apiKey: key-of-a-remote}}
          - {name: away, remoteCoroot: {url: "http://127.0.0.1:1", apiKey: key-of-a-remote}}
          - {name: all, memberProjects: [basic, bearer, remote, away], partialResponse: warn}
        """
    }

    /// Refuses in the words it was asked with, as a careless server does.
    private static func repeating(_ status: Int) throws -> LoopbackServer {
        try LoopbackServer { request, socket in
            let body = request.headers.map { "\($0.0): \($0.1)" }.joined(separator: "; ")
            try socket.write(
                "HTTP/1.1 \(status) No\r\nContent-Type: text/plain\r\nLocation: /\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
        }
    }

    @Test(arguments: [401, 302, 500])
    func noSecretIsEverSaidOrLogged(status: Int) async throws {
        let (said, made) = try await withTemporaryFolder { folder in
            try await offPool { try Self.run(status, in: folder) }
        }
        #expect(said.count > 30)
        for secret in Self.secrets + made {
            // Basic credentials travel encoded.
            let encoded = Data("u:\(secret)".utf8).base64EncodedString()
            for (subject, text) in said {
                #expect(!text.contains(secret) && !text.contains(encoded), "\(subject): \(secret)")
            }
        }
        let log = try #require(said.last?.text)
        #expect(log.contains("token root creates key"))
        #expect(log.contains("the configuration was not reloaded"))
    }

    /// - Returns: Everything that was said, the log last, and the keys that were made meanwhile.
    private static func run(
        _ status: Int, in folder: String
    ) throws -> (said: [(subject: String, text: String)], made: [String]) {
        let member = try repeating(status)
        let path = "\(folder)/configuration.yaml"
        try file(port: member.port, directory: folder)
            .write(toFile: path, atomically: true, encoding: .utf8)
        let (process, address) = try ChildProcess.gateway("secretive", over: path, in: folder)

        var said: [(subject: String, text: String)] = []
        var made: [String] = []
        let json = ("Content-Type", "application/json")
        let root = ("Authorization", "Bearer token-of-root")
        func ask(
            _ method: String, _ target: String, body: String = "",
            headers: [(String, String)] = [root], isSecret: Bool = false
        ) throws {
            var bytes: [UInt8] = []
            let answer = try address.stream(
                method, target, headers: headers + [json], body: Array(body.utf8)
            ) { bytes += $0 }
            if isSecret {
                // Shown this once, to whoever made it.
                let data = try JSONValue(parsing: bytes)["data"]
                made += [data?["key"]?.text, data?["token"]?.text].compactMap { $0 }
            } else {
                let fields = answer.headers.map { "\($0.0): \($0.1)" }.joined(separator: "\n")
                said.append(
                    (
                        "\(method) \(target)",
                        "\(answer.status)\n\(fields)\n\(String(decoding: bytes, as: UTF8.self))"
                    ))
            }
        }
        let wrong = [("X-API-Key", "presented-and-wrong")]
        for project in ["basic", "bearer", "remote", "away", "all"] {
            for target in [
                "query?query=up", "query_range?query=sum(up)&start=0&end=60&step=15",
                "series?match[]=up", "labels", "label/job/values", "metadata", "targets", "rules",
                "explain?query=avg(up)",
            ] {
                try ask("GET", "/p/\(project)/api/v1/\(target)")
            }
            try ask("GET", "/p/\(project)/api/v1/query?query=up", headers: wrong)
            try ask("GET", "/p/\(project)/federate?match[]=up")
        }
        try ask(
            "PUT", "/api/projects/stored",
            body: #"{"remoteCoroot":{"url":"http://127.0.0.1:1","apiKey":"token-of-the-store"}}"#)
        try ask("GET", "/p/stored/api/v1/query?query=up")
        try ask("POST", "/api/projects/stored/keys", body: "{}", isSecret: true)
        try ask("POST", "/api/tokens", body: #"{"name":"t"}"#, isSecret: true)
        try ask(
            "PUT", "/api/projects/bad",
            body: #"{"remoteCoroot":{"url":"nowhere","apiKey":"key-in-a-bad-body"}}"#)
        try ask(
            "PUT", "/api/projects/bad",
            body: #"{"prometheus":{"url":"http://a","key-in-a-bad-body":1}"#)
        for target in [
            "/api/projects", "/api/projects/stored", "/api/tokens", "/api/cluster-pools",
            "/api/v1/status/config", "/api/v1/status/flags", "/api/v1/status/runtimeinfo",
            "/metrics",
        ] {
            try ask("GET", target)
        }
        try ask("POST", "/-/reload")
        try """
        auth: {tokens: [{name: root, token: token-of-root, admin: word-in-a-bad-file}]}
        projects:
          - {name: basic, prometheus: {url: http://a, bearerToken: [word-in-a-bad-file]}}
        """.replacingOccurrences(of: "admin: word-in-a-bad-file", with: "admin: 7")
            .write(toFile: path, atomically: true, encoding: .utf8)
        try ask("POST", "/-/reload")
        try ask("GET", "/api/v1/status/config")
        said.append(("the log", process.log))
        return (said, made)
    }
}
