import Foundation
import RealServers
import TestSupport
import Testing

/// `tributary check` says what `tributary serve` would.
@Suite struct CheckCommandTests {
    private func check(_ yaml: String, in folder: String) throws -> CommandOutput {
        let path = "\(folder)/configuration.yaml"
        try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        return try CommandOutput.of(Repository.gateway(), ["check", path])
    }

    @Test func membersMayBeInTheStoreThatTheFileNames() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let yaml =
                    "data_dir: \(folder)/data\nprojects: [{name: all, memberProjects: [made]}]\n"
                // Without the store the member is nobody, and none is made by looking.
                let before = try check(yaml, in: folder)
                #expect(before.status == 2, "\(before)")
                #expect(before.errors.contains("unknown member made"))
                #expect(!FileManager.default.fileExists(atPath: "\(folder)/data"))

                let first = "\(folder)/first.yaml"
                try """
                data_dir: \(folder)/data
                projects: [{name: a, prometheus: {url: "http://127.0.0.1:1"}}]
                """.write(toFile: first, atomically: true, encoding: .utf8)
                let (gateway, address) = try ChildProcess.gateway(
                    "keeper", over: first, in: folder)
                let made = try address.post(
                    "/api/projects",
                    body: Array(#"{"name":"made","prometheus":{"url":"http://127.0.0.1:1"}}"#.utf8),
                    headers: [("Content-Type", "application/json")])
                #expect(made.status == 201, "\(made.text)")
                // Beside the running gateway, and after it.
                for _ in 1...2 {
                    let after = try check(yaml, in: folder)
                    #expect(after.status == 0, "\(after)")
                    #expect(after.output == "all  all of made\n")
                    gateway.stop()
                }
            }
        }
    }

    @Test func aProjectThatIsTheGatewayItselfIsNamed() async throws {
        let checked = try await withTemporaryFolder { folder in
            try await offPool {
                try check(
                    """
                    listen_address: 127.0.0.1:9191
                    projects:
                      - {name: other, prometheus: {url: "http://127.0.0.1:9192"}}
                      - {name: self, prometheus: {url: "http://localhost:9191/p/other"}}
                    """, in: folder)
            }
        }
        #expect(checked.status == 0, "\(checked)")
        #expect(
            checked.errors.contains(
                "note: project \"self\": http://localhost:9191/p/other is this gateway itself"))
        #expect(!checked.errors.contains("project \"other\""))
    }

    @Test func aStoreThatIsAwayIsNoErrorOfTheFile() async throws {
        let checked = try await withTemporaryFolder { folder in
            try await offPool {
                try check(
                    """
                    postgres: {connection_string: "postgres://u:hidden-word@127.0.0.1:1/d"}
                    projects: [{name: a, prometheus: {url: http://a}}]
                    """, in: folder)
            }
        }
        #expect(checked.status == 0, "\(checked)")
        #expect(checked.errors.contains("note: the store is not available"))
        #expect(!checked.errors.contains("hidden-word"))
    }

    @Test func thePresenceOfCredentialsIsToldAndNoSecret() async throws {
        let checked = try await withTemporaryFolder { folder in
            try await offPool {
                try check(
                    """
                    kind: Coroot
                    metadata: {name: coroot, namespace: ns}
                    spec:
                      ingress: {annotations: {snippet: "set $x $remote_addr;"}}
                      externalPrometheus:
                        url: https://prometheus.example.com
                        basicAuth: {username: name-of-user, password: hidden-word}
                        customHeaders: {X-Scope-OrgID: hidden-tenant}
                      projects: [{name: a, apiKeys: [{key: hidden-key}]}]
                    """, in: folder)
            }
        }
        #expect(checked.status == 0, "\(checked)")
        #expect(
            checked.output == "a  Prometheus at https://prometheus.example.com, with user and "
                + "password, header X-Scope-OrgID\n")
        #expect(!"\(checked.output)\(checked.errors)".contains("hidden"))
    }

    private static let wrong = """
        defaultProject: b
        projects:
          - name: a
            prometheus: {ulr: "http://user:hidden-word@a", timeout: 5s}
        """

    @Test func anErrorIsShownWithItsLineAndNoSecret() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let checked = try check(Self.wrong, in: folder)
                #expect(checked.status == 2)
                #expect(checked.errors.contains(":4:18: projects[0].prometheus.ulr"), "\(checked)")
                #expect(checked.errors.contains("\n  4 |     prometheus: {ulr: …\n"), "\(checked)")
                #expect(checked.errors.contains("\n    |                  ^^^\n"), "\(checked)")
                #expect(!checked.errors.contains("hidden-word"))
                let served = try CommandOutput.of(
                    Repository.gateway(), ["serve", "--config", "\(folder)/configuration.yaml"])
                #expect(served.status == 2)
                #expect(served.errors == checked.errors)
            }
        }
    }

    @Test func theCauseIsToldBeforeItsConsequences() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let checked = try check(Self.wrong, in: folder)
                let lines = checked.errors.split(separator: "\n").filter { $0.contains(".yaml:") }
                // The misspelt key is the last line of the file, and the first to be told.
                #expect(lines.first?.contains("unknown key ulr") == true, "\(checked)")
                #expect(lines.dropFirst().contains { $0.contains("unknown project b") })
                #expect(lines.dropFirst().contains { $0.contains("a URL is needed") })
            }
        }
    }

    @Test func theResultIsForProgramsToo() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                _ = try check(Self.wrong, in: folder)
                let path = "\(folder)/configuration.yaml"
                let json = try CommandOutput.of(
                    Repository.gateway(), ["check", path, "--format", "json"])
                #expect(json.status == 2)
                let document = try JSONValue(parsing: Array(json.output.utf8))
                let found = document["findings"]?.items?.first {
                    $0["keyPath"]?.text == "projects[0].prometheus.ulr"
                }
                #expect(found?["line"]?.text == "4", "\(json)")
                let github = try CommandOutput.of(
                    Repository.gateway(), ["check", path, "--format", "github"])
                #expect(github.output.hasPrefix("::error file="))
                #expect(github.output.contains(",line=4,col=18::"), "\(github)")
            }
        }
    }

    @Test func serversAreAskedOnlyWhenThatIsWanted() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let member = try LoopbackServer.answering(
                    #"{"status":"success","data":{"resultType":"vector","result":[]}}"#)
                let yaml = """
                    auth: {tokens: [{name: t, token: hidden-word}]}
                    projects:
                      - {name: here, prometheus: {url: "http://127.0.0.1:\(member.port)"}}
                    """
                #expect(try check(yaml, in: folder).status == 0)
                #expect(member.queries.isEmpty)
                let arguments = ["check", "\(folder)/configuration.yaml", "--online"]
                let online = try CommandOutput.of(Repository.gateway(), arguments)
                #expect(online.status == 0, "\(online)")
                #expect(online.output.contains("here     prometheus  yes"), "\(online)")
                #expect(!member.queries.isEmpty)
                _ = try check(
                    yaml + "\n  - {name: away, prometheus: {url: \"http://127.0.0.1:1\"}}\n",
                    in: folder)
                let away = try CommandOutput.of(Repository.gateway(), arguments)
                #expect(away.status == 1)
                #expect(away.output.contains("away     prometheus  no"), "\(away)")
            }
        }
    }
}
