import Foundation
import RealServers
import SeedDocuments
import TestSupport
import Testing

/// `tributary get|update|delete cluster-pool-attributes`, as users run it, against a gateway's
/// administration API. A test that is a row of the contract of projects is named after it.
@Suite struct AttributeCommandTests {
    /// The administration API with its records in memory, behind a token.
    private final class Administration: Sendable {
        static let token = "token-of-an-operator"
        let server: LoopbackServer

        init() throws {
            let records = Records()
            server = try LoopbackServer { request, socket in
                let authorization = request.headers.first { $0.0 == "authorization" }?.1
                let (status, body) =
                    authorization == "Bearer \(Self.token)"
                    ? records.answer(request)
                    : (
                        401,
                        #"{"status":"error","errorType":"unauthorized","error":"a token is needed"}"#
                    )
                try socket.write(
                    "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
            }
        }

        var changes: [String] {
            server.queries.map(\.method).filter { $0 != "GET" }
        }

        /// Runs a command with the token in the environment.
        func run(
            _ arguments: [String], input: String = "", token: String = token
        ) async throws
            -> CommandOutput
        {
            let url = "http://127.0.0.1:\(server.port)"
            return try await offPool {
                try CommandOutput.of(
                    Repository.gateway(), arguments + ["--gateway", url], input: input,
                    environment: ["TRIBUTARY_TOKEN": token])
            }
        }
    }

    private final class Records: @unchecked Sendable {
        // Guarded by `lock`.
        private let lock = NSLock()
        private var byPlace: [String: [String: String]] = [:]

        func answer(_ request: LoopbackServer.Request) -> (Int, String) {
            lock.lock()
            defer { lock.unlock() }
            var query: [String: String] = [:]
            for item in URLComponents(string: request.target)?.queryItems ?? [] {
                query[item.name] = item.value
            }
            switch request.method {
            case "GET":
                let found = byPlace.values.filter { record in
                    query.allSatisfy { record[$0.key] ?? "" == $0.value }
                }
                let sorted = found.sorted { Self.place($0) < Self.place($1) }
                return (200, Self.json(["status": "success", "data": sorted]))
            case "PUT":
                let body = try? JSONSerialization.jsonObject(with: Data(request.body))
                guard let record = body as? [String: String] else { return (400, "{}") }
                if record["clusterPoolName"] == "no-such-cp" {
                    return (
                        400,
                        #"{"status":"error","errorType":"bad_data","error":"unknown cluster pool no-such-cp"}"#
                    )
                }
                byPlace[Self.place(record)] = record
                return (200, Self.json(["status": "success", "data": record]))
            default:
                byPlace[Self.place(query)] = nil
                return (200, #"{"status":"success"}"#)
            }
        }

        private static func place(_ record: [String: String]) -> String {
            ["project", "domain", "workflow"].map { record[$0] ?? "" }.joined(separator: "/")
        }

        private static func json(_ value: Any) -> String {
            (try? JSONSerialization.data(withJSONObject: value)).map {
                String(decoding: $0, as: UTF8.self)
            } ?? ""
        }
    }

    private static let update = ["update", "cluster-pool-attributes", "--attrFile"]
    private static let get = ["get", "cluster-pool-attributes"]
    private static let delete = ["delete", "cluster-pool-attributes"]
    private static let development =
        #"{"clusterPoolName":"development-cp","domain":"development","project":"flytesnacks"}"#
    private static let production =
        #"{"clusterPoolName":"production-cp","domain":"production","project":"flytesnacks","#
        + #""workflow":"my_critical_wf"}"#

    private func withFolder(
        _ work: (_ path: @escaping @Sendable (String) -> String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in try await work { "\(folder)/\($0)" } }
    }

    @Test func `Row 39: the documents' attribute files work as written`() async throws {
        try await withFolder { path in
            let gateway = try Administration()
            for (name, block, answer) in [
                ("cpa-dev.yaml", SeedBlock.developmentAttribute, Self.development),
                ("cpa-prod.yaml", SeedBlock.productionAttribute, Self.production),
            ] {
                try block.text().write(toFile: path(name), atomically: true, encoding: .utf8)
                let updated = try await gateway.run(Self.update + [path(name)], input: "y\n")
                #expect(updated.status == 0, "\(updated)")
                let put = try #require(gateway.server.queries.last)
                #expect(put.method == "PUT" && put.path == "/api/cluster-pool-attributes")
                #expect(String(decoding: put.body, as: UTF8.self) == answer)
            }
            let all = try await gateway.run(Self.get)
            #expect(all.output == Self.development + "\n" + Self.production + "\n")
        }
    }

    @Test(arguments: [
        ("project: p\ndomain: d\n", "clusterPoolName is required"),
        ("domain: d\nclusterPoolName: c\n", "project is required"),
        ("project: p\nclusterPoolName: c\nworkflow: w\n", "domain is required"),
        ("project: p\ndomain: d\nclusterPool: c\nclusterPoolName: c\n", "unknown key clusterPool"),
        ("", "the file is empty"), ("project: [\n", "is not YAML"),
    ])
    func `Row 39: attribute files have strict keys`(text: String, problem: String) async throws {
        try await withFolder { path in
            let gateway = try Administration()
            try text.write(toFile: path("a.yaml"), atomically: true, encoding: .utf8)
            let refused = try await gateway.run(Self.update + [path("a.yaml"), "--force"])
            #expect(refused.status == 2)
            #expect(refused.errors.contains(problem), "\(refused.errors)")
            #expect(gateway.server.queries.isEmpty)
        }
    }

    @Test func `Row 39: an unknown pool is refused in the gateway's words`() async throws {
        try await withFolder { path in
            let gateway = try Administration()
            try "project: p\ndomain: d\nclusterPoolName: no-such-cp\n".write(
                toFile: path("a.yaml"), atomically: true, encoding: .utf8)
            let refused = try await gateway.run(Self.update + [path("a.yaml"), "--force"])
            #expect(refused.status == 1)
            #expect(refused.errors == "unknown cluster pool no-such-cp\n")
        }
    }

    @Test func `Row 40: an update shows the change, asks, and skips what changes nothing`()
        async throws
    {
        try await withFolder { path in
            let gateway = try Administration()
            let file = path("a.yaml")
            func write(_ pool: String) throws {
                try "domain: d\nproject: p\nclusterPoolName: \(pool)\n".write(
                    toFile: file, atomically: true, encoding: .utf8)
            }
            try write("one")
            for input in ["", "n\n", "maybe\n"] {
                let declined = try await gateway.run(Self.update + [file], input: input)
                #expect(declined.status == 1)
                #expect(declined.output == "+ domain: d\n+ project: p\n+ clusterPoolName: one\n")
                #expect(declined.errors.contains("Continue? [y/N]"))
                #expect(declined.errors.hasSuffix("update aborted by user\n"))
            }
            let dry = try await gateway.run(Self.update + [file, "--dryRun"])
            #expect(dry.status == 0 && dry.errors == "dry run: nothing was changed\n")
            #expect(gateway.changes.isEmpty)
            let forced = try await gateway.run(Self.update + [file, "--force"])
            #expect(forced.status == 0 && !forced.errors.contains("Continue?"))
            #expect(gateway.changes == ["PUT"])
            let same = try await gateway.run(Self.update + [file])
            #expect(same.status == 0)
            #expect(same.errors == "No changes detected. Skipping the update.\n")
            try write("two")
            let changed = try await gateway.run(Self.update + [file], input: "yes\n")
            #expect(
                changed.output
                    == "  domain: d\n  project: p\n- clusterPoolName: one\n+ clusterPoolName: two\n"
            )
            #expect(gateway.changes == ["PUT", "PUT"])
        }
    }

    @Test func `Row 40: get shows all, a domain, or the one record that answers`() async throws {
        try await withFolder { path in
            let gateway = try Administration()
            for block in [SeedBlock.developmentAttribute, .productionAttribute] {
                try block.text().write(toFile: path("a"), atomically: true, encoding: .utf8)
                _ = try await gateway.run(Self.update + [path("a"), "--force"])
            }
            for (arguments, output) in [
                ([], Self.development + "\n" + Self.production + "\n"),
                (["-d", "development"], Self.development + "\n"),
                (["-p", "flytesnacks", "-d", "development"], Self.development + "\n"),
                // A workflow without a record of its own has its domain's.
                (
                    ["-p", "flytesnacks", "-d", "development", "--workflow", "w"],
                    Self.development + "\n"
                ),
                (
                    ["-p", "flytesnacks", "-d", "production", "--workflow", "my_critical_wf"],
                    Self.production + "\n"
                ),
                (["-d", "staging"], ""),
            ] {
                let shown = try await gateway.run(Self.get + arguments)
                #expect(shown.status == 0, "\(shown)")
                #expect(shown.output == output, "\(arguments)")
            }
            let none = try await gateway.run(Self.get + ["-p", "flytesnacks", "-d", "production"])
            #expect(none.status == 1)
            #expect(
                none.errors
                    == "no cluster pool attribute for project flytesnacks, domain production\n")
            // Into a file that update reads, for its owner alone, not over another one unasked.
            let into =
                Self.get + [
                    "-p", "flytesnacks", "-d", "development", "--attrFile", path("out.yaml"),
                ]
            let written = try await gateway.run(into)
            #expect(written.status == 0)
            let mode = try FileManager.default.attributesOfItem(atPath: path("out.yaml"))
            #expect(mode[.posixPermissions] as? Int == 0o600)
            let again = try await gateway.run(Self.update + [path("out.yaml")])
            #expect(again.errors.hasPrefix("No changes detected"))
            let declined = try await gateway.run(into, input: "n\n")
            #expect(declined.status == 1 && declined.errors.contains("Overwrite it?"))
            #expect(try await gateway.run(into + ["--force"]).status == 0)
        }
    }

    @Test func `Row 40: delete removes one record, and may be repeated`() async throws {
        try await withFolder { path in
            let gateway = try Administration()
            for block in [SeedBlock.developmentAttribute, .productionAttribute] {
                try block.text().write(toFile: path("a"), atomically: true, encoding: .utf8)
                _ = try await gateway.run(Self.update + [path("a"), "--force"])
            }
            let place = [
                "-p", "flytesnacks", "-d", "production", "--workflow", "my_critical_wf",
            ]
            let dry = try await gateway.run(Self.delete + place + ["--dryRun"])
            #expect(dry.status == 0 && dry.output.contains("- clusterPoolName: production-cp"))
            #expect(!gateway.changes.contains("DELETE"))
            let first = try await gateway.run(Self.delete + place)
            #expect(first.status == 0, "\(first)")
            #expect(try await gateway.run(Self.get).output == Self.development + "\n")
            let second = try await gateway.run(Self.delete + place)
            #expect(second.status == 0 && second.errors.hasPrefix("No changes detected"))
        }
    }

    @Test func `Row 40: what cannot be done ends with an error`() async throws {
        try await withFolder { path in
            let gateway = try Administration()
            let missing = try await gateway.run(Self.update + [path("none.yaml")])
            #expect(missing.status == 2 && missing.errors.contains("there is no such file"))
            let nothing = try await gateway.run(["update", "cluster-pool-attributes"])
            #expect(nothing.status == 64)
            #expect(nothing.errors.contains("attrFile is mandatory while calling update"))
            for (arguments, problem) in [
                (["-d", "d"], "project is required"), (["-p", "p"], "domain is required"),
                (["-p", "p", "--workflow", "w"], "domain is required"),
            ] {
                let refused = try await gateway.run(Self.delete + arguments)
                #expect(refused.status == 64 && refused.errors.contains(problem))
            }
            let wrong = try await gateway.run(Self.get, token: "not-the-token")
            #expect(wrong.status == 1)
            #expect(wrong.errors == "a token is needed\n")
            let token = path("token")
            try (Administration.token + "\n").write(
                toFile: token, atomically: true, encoding: .utf8)
            let right = try await gateway.run(Self.get + ["--token-file", token], token: "")
            #expect(right.status == 0)
        }
    }

    @Test func `Row 40: a skeleton is a file to fill in`() async throws {
        try await withFolder { path in
            let gateway = try Administration()
            let file = path("new.yaml")
            let made = try await gateway.run(Self.update + [file, "--genSkeleton"])
            #expect(made.status == 0)
            #expect(gateway.server.queries.isEmpty)
            let used = try await gateway.run(Self.update + [file, "--force"])
            #expect(used.status == 0, "\(used)")
            let kept = try await gateway.run(Self.update + [file, "--genSkeleton"], input: "n\n")
            #expect(kept.status == 1)
            let shown = try await gateway.run([
                "update", "cluster-pool-attribute", "--genSkeleton",
            ])
            #expect(shown.output == (try String(contentsOfFile: file, encoding: .utf8)))
        }
    }

    @Test func `Row 44: what is updated while the gateway runs holds for the next request`()
        async throws
    {
        try await withFolder { path in
            let port = try LoopbackPort.free()
            let member = try LoopbackServer.answering(
                #"{"status":"success","data":{"resultType":"vector","result":[]}}"#)
            try """
            listen_address: 127.0.0.1:\(port)
            data_dir: \(path("data"))
            auth:
              anonymous: true
              tokens: [{name: operator, token: \(Administration.token), admin: true}]
            clusters:
              - {name: dev, prometheus: {url: "http://127.0.0.1:\(member.port)"}}
              - {name: spare, prometheus: {url: "http://127.0.0.1:\(member.port)"}}
            clusterPools: {default: [dev], development-cp: [spare]}
            projects: [{name: flytesnacks, clusterPool: attributes}]

            """.write(toFile: path("c.yaml"), atomically: true, encoding: .utf8)
            try SeedBlock.developmentAttribute.text().write(
                toFile: path("cpa-dev.yaml"), atomically: true, encoding: .utf8)
            let gateway = try ChildProcess(
                name: "pools",
                command: [try Repository.gateway(), "serve", "--config", path("c.yaml")],
                logPath: path("log"))
            defer { gateway.stop() }
            let address = HTTPAddress(port: port)
            try gateway.waitUntilReady(address)
            let run = { @Sendable (arguments: [String]) in
                try await offPool {
                    try CommandOutput.of(
                        Repository.gateway(),
                        arguments + ["--gateway", "http://127.0.0.1:\(port)"],
                        environment: ["TRIBUTARY_TOKEN": Administration.token])
                }
            }
            func cluster() async throws -> String? {
                let answer = try await offPool {
                    try address.get("/p/flytesnacks/d/development/api/v1/query?query=up")
                }
                return answer.header("x-tributary-cluster")
            }
            #expect(try await cluster() == "dev")
            let updated = try await run(Self.update + [path("cpa-dev.yaml"), "--force"])
            #expect(updated.status == 0, "\(updated)")
            #expect(try await run(Self.get).output == Self.development + "\n")
            #expect(try await cluster() == "spare")
            let again = try await run(Self.update + [path("cpa-dev.yaml")])
            #expect(again.errors.hasPrefix("No changes detected"))
            let deleted = try await run(Self.delete + ["-p", "flytesnacks", "-d", "development"])
            #expect(deleted.status == 0, "\(deleted)")
            #expect(try await cluster() == "dev")
        }
    }

    @Test func checkMakesNoSecret() async throws {
        try await withFolder { path in
            try SeedBlock.clusterA.text().write(
                toFile: path("coroot.yaml"), atomically: true, encoding: .utf8)
            let checked = try await offPool {
                try CommandOutput.of(
                    Repository.gateway(),
                    ["check", path("coroot.yaml"), "--secrets-dir", path("secrets")])
            }
            #expect(checked.status == 0, "\(checked)")
            #expect(checked.errors.contains("it will be generated when the gateway starts"))
            #expect(!FileManager.default.fileExists(atPath: path("secrets")))
        }
    }
}
