import Foundation
import RealServers
import TestSupport
import Testing

/// `get`, `create`, `apply`, `delete`, `status` and the lists, against a running gateway.
@Suite struct AdministrationCommandTests {
    private typealias Run = @Sendable (_ arguments: [String]) throws -> CommandOutput
    private static let token = "token-of-an-operator"

    /// Runs work beside a gateway over `tributary embedded`, which has a store.
    private func withGateway(
        _ work:
            @Sendable (
                _ run: Run, _ folder: String, _ member: String, _ gateway: String
            ) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                try
                    "# TYPE up gauge\n# HELP up Whether it is up.\nup{job=\"shop\"} 1\nup{job=\"wiki\"} 0\n"
                    .write(toFile: "\(folder)/samples.txt", atomically: true, encoding: .utf8)
                let port = try LoopbackPort.free()
                let member = "http://127.0.0.1:\(port)"
                let server = try ChildProcess(
                    name: "embedded",
                    command: [
                        try Repository.gateway(), "embedded", "--listen", "127.0.0.1:\(port)",
                        "--load", "\(folder)/samples.txt",
                    ], logPath: "\(folder)/log")
                defer { server.stop() }
                try server.waitUntilReady(HTTPAddress(port: port))
                try """
                data_dir: \(folder)/data
                auth: {anonymous: true, tokens: [{name: operator, token: \(Self.token), admin: true}]}
                projects: [{name: first, prometheus: {url: "\(member)"}}]
                """.write(toFile: "\(folder)/c.yaml", atomically: true, encoding: .utf8)
                let (gateway, address) = try ChildProcess.gateway(
                    "gateway", over: "\(folder)/c.yaml", in: folder)
                defer { gateway.stop() }
                try work(
                    { arguments in
                        try CommandOutput.of(
                            Repository.gateway(), arguments,
                            environment: [
                                "TRIBUTARY_URL": address.url, "TRIBUTARY_TOKEN": Self.token,
                                "TRIBUTARY_CONFIG": "\(folder)/contexts.json",
                            ])
                    }, folder, member, address.url)
            }
        }
    }

    @Test func `A file is applied: what others refer to first, and nothing twice`() async throws {
        try await withGateway { run, folder, member, _ in
            let file = "\(folder)/apply.yaml"
            func write(_ name: String) throws {
                try """
                projects:
                  - {name: all, memberProjects: [first, \(name)]}
                  - name: \(name)
                    prometheus: {url: "\(member)", bearerToken: hidden-word}
                """.write(toFile: file, atomically: true, encoding: .utf8)
            }
            try write("second")
            let dry = try run(["apply", "-f", file, "--dry-run"])
            #expect(dry.status == 0)
            #expect(dry.output == "+ project second\n+ project all\n")
            #expect(try run(["get", "projects", "-o", "value"]).output == "first\n")
            let applied = try run(["apply", "-f", file, "--force"])
            #expect(applied.status == 0, "\(applied)")
            #expect(applied.errors == "applied project second\napplied project all\n")
            let names = try run(["get", "projects", "-o", "value"])
            #expect(names.output.split(separator: "\n").sorted() == ["all", "first", "second"])
            let members = try run(["get", "members", "all", "-o", "csv", "--no-header"])
            #expect(members.output.hasPrefix("first,prometheus,,file,yes,"), "\(members)")
            try "projects: [{name: all, memberProjects: [first], partialResponse: warn}]".write(
                toFile: file, atomically: true, encoding: .utf8)
            let changed = try run(["apply", "-f", file, "--force"])
            #expect(changed.output.hasPrefix("~ project all\n"), "\(changed)")
            #expect(changed.output.contains("    - memberProjects[1]\n"))
            let again = try run(["apply", "-f", file, "--force"])
            #expect(again.output == "= project all\n")
            #expect(again.errors == "No changes detected.\n")
            for text in [dry, applied, changed, again].flatMap({ [$0.output, $0.errors] }) {
                #expect(!text.contains("hidden-word"))
            }
        }
    }

    @Test(arguments: [
        ("projects: [", ": is not YAML"), ("members: []", ":1:1: unknown key members"),
        ("projects: [{prometheus: {}}]", "name is required"), ("projects: []", "nothing to apply"),
        ("projects: [{name: a, x: \"${HOME}\"}]", ":1:25: variables are not replaced"),
    ])
    func `A file that cannot be applied is refused with its place`(
        text: String, problem: String
    ) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let file = "\(folder)/a.yaml"
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                let refused = try CommandOutput.of(
                    Repository.gateway(), ["apply", "-f", file, "--url", "http://127.0.0.1:1"])
                #expect(refused.status == 2)
                #expect(refused.errors.contains(problem), "\(refused)")
            }
        }
    }

    @Test func `Keys and tokens are made, listed without their secret, and deleted`() async throws {
        try await withGateway { run, folder, member, _ in
            try "projects: [{name: made, prometheus: {url: \"\(member)\"}}]".write(
                toFile: "\(folder)/a.yaml", atomically: true, encoding: .utf8)
            #expect(try run(["apply", "-f", "\(folder)/a.yaml", "--force"]).status == 0)
            let key = try run(["create", "key", "made", "--description", "of a test"])
            #expect(key.status == 0, "\(key)")
            #expect(key.output.utf8.count == 33, "the key alone")
            let keys = try run(["get", "keys", "made", "-o", "csv", "--no-header"])
            #expect(keys.output.contains(",of a test,"))
            #expect(!keys.output.contains(key.output.dropLast()))
            let id = String(keys.output.prefix { $0 != "," })
            #expect(try run(["delete", "key", "made", id, "--dry-run"]).status == 0)
            #expect(
                try run(["delete", "key", "made", id]).errors
                    == "deleted key \(id) of project made\n")
            #expect(try run(["get", "keys", "made", "-o", "value"]).output.isEmpty)

            let token = try run(["create", "token", "reader", "--project", "made"])
            #expect(token.status == 0 && token.output.utf8.count == 33, "\(token)")
            let tokens = try run(["get", "tokens"])
            #expect(tokens.output.contains("reader"))
            #expect(tokens.output.contains("operator"))
            #expect(!tokens.output.contains(Self.token))
            #expect(try run(["delete", "token", "reader"]).status == 0)
            #expect(try run(["get", "pools", "-o", "value"]).output.isEmpty)
            #expect(try run(["delete", "project", "made"]).status == 0)
            let refused = try run(["delete", "project", "first"])
            #expect(refused.status == 1, "the file has it")
            let none = try run(["get", "projects", "none"])
            #expect(none.status == 1 && !none.errors.isEmpty)
        }
    }

    @Test func `Lists are printed, and the status is that of the projects`() async throws {
        try await withGateway { run, folder, _, _ in
            #expect(try run(["labels", "-p", "first"]).output.contains("project"))
            #expect(try run(["values", "job", "-o", "value"]).output == "shop\nwiki\n")
            let one = try run([
                "values", "job", "-o", "value", "-m", "up{job='shop'}", "--since", "1h",
            ])
            #expect(one.output == "shop\n", "\(one)")
            let series = try run(["series", "up{job='shop'}", "-o", "promtool"])
            #expect(series.output == "{__name__=\"up\", job=\"shop\", project=\"first\"}\n")
            #expect(
                try run(["metadata", "up", "-o", "csv", "--no-header"]).output.hasPrefix(
                    "up,gauge,"))
            for command in ["alerts", "rules", "targets"] {
                let shown = try run([command])
                #expect(shown.status == 0, "\(shown)")
                #expect(try run([command, "-o", "promtool"]).status == 64)
            }
            let status = try run(["status"])
            #expect(status.status == 0, "\(status)")
            #expect(status.errors.hasSuffix(": ready\n"))
            try "projects: [{name: away, prometheus: {url: \"http://127.0.0.1:1\"}}]".write(
                toFile: "\(folder)/a.yaml", atomically: true, encoding: .utf8)
            #expect(try run(["apply", "-f", "\(folder)/a.yaml", "--force"]).status == 0)
            let worse = try run(["status", "-o", "csv"])
            #expect(worse.status == 1)
            #expect(worse.output.contains("away,prometheus,,API,no,"), "\(worse)")
        }
    }

    @Test func `Expressions are linted by the gateway as they are here`() async throws {
        try await withGateway { run, folder, _, gateway in
            let rules = "\(folder)/rules.yaml"
            try """
            groups:
              - name: g
                rules:
                  - {record: a, expr: sum by (job) (up)}
                  - {record: b, expr: "quantile(0.5, up)"}
                  - {alert: C, expr: absent(up)}
            """.write(toFile: rules, atomically: true, encoding: .utf8)
            // One member, planned over by the gateway and here.
            let set = try run(["config", "set", "here", "--url", gateway])
            #expect(set.status == 0)
            let remote = try run(["lint", rules, "--context", "here", "-o", "json"])
            let single = try run(["lint", rules, "--members", "first", "-o", "json"])
            #expect(remote.status == 0, "\(remote)")
            let classes = try [remote, single].map { output in
                try JSONValue(parsing: Array(output.output.utf8)).items?.map {
                    [$0["class"]?.text, $0["missingMember"]?.text]
                }
            }
            #expect(classes[0] == classes[1])
            let table = try run(["lint", rules])
            #expect(table.status == 0)
            #expect(table.output.contains("\(rules):4: group g, record a: combined\n"), "\(table)")
            #expect(table.output.contains("  fetched whole: up\n"))
            #expect(
                table.output.contains(
                    "hint: if one value for each project will do, write quantile by"))
            #expect(
                table.output.contains(
                    "a missing member: the answer could be wrong, because of absent()"))
            #expect(try run(["lint", rules, "--fail-on", "fetched"]).status == 1)
            #expect(try run(["lint", rules, "--fail-on", "could-be-wrong"]).status == 1)
            let local = try run(["lint", rules, "--config", "\(folder)/c.yaml", "-o", "json"])
            #expect(try JSONValue(parsing: Array(local.output.utf8)).items?.count == 3)
            try "groups: [{name: g, rules: [{record: a, expr: sum(}]}]".write(
                toFile: rules, atomically: true, encoding: .utf8)
            #expect(try run(["lint", rules]).status == 1)
            #expect(try run(["lint", "\(folder)/none.yaml"]).status == 2)
        }
    }
}
