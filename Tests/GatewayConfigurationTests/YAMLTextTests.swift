import Foundation
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// What of YAML a configuration may use, and what no configuration may cost.
@Suite struct YAMLTextTests {
    private func errors(_ yaml: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(yaml, path: "c.yaml")
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test func mergeKeysWorkAnywhereInAConfiguration() throws {
        let configuration = try Configuration.parse(
            """
            globalPrometheus: &shared
              url: http://shared
              headers: &headers {X-Scope-OrgID: one, X-Other: o}
              timeout: 10s
            clusters:
              - {name: c, prometheus: {<<: *shared, url: http://c}}
            projects:
              - &a
                name: a
                partialResponse: warn
                prometheus:
                  <<: *shared
                  url: http://a
                  headers: {<<: *headers, X-Scope-OrgID: two}
              - <<: *a
                name: b
            """, path: "c.yaml")
        guard case .prometheus(let a)? = configuration.project(named: "a")?.kind,
            case .prometheus(let b)? = configuration.project(named: "b")?.kind
        else {
            Issue.record("no Prometheus")
            return
        }
        #expect(a == b)
        #expect(configuration.project(named: "b")?.partialResponse == .warn)
        #expect(a.url.description == "http://a")
        #expect(a.timeout == .seconds(10))
        #expect(
            a.headers.map { "\($0.name): \($0.value.exposed)" } == [
                "X-Other: o", "X-Scope-OrgID: two",
            ])
    }

    @Test func errorsInWhatIsMergedPointToWhereItIsWritten() {
        #expect(
            errors(
                """
                globalPrometheus: &shared
                  url: http://shared
                  timeuot: 10s
                projects:
                  - name: a
                    prometheus: {<<: *shared, timeout: soon}
                """) == [
                    "3:3: globalPrometheus.timeuot: unknown key timeuot; did you mean timeout?",
                    "3:3: projects[0].prometheus.timeuot: project a: unknown key timeuot; "
                        + "did you mean timeout?",
                    "6:40: projects[0].prometheus.timeout: project a: is not a duration; "
                        + "write a number and a unit, as 15s, 5m or 1h30m",
                ])
    }

    private static var bomb: String {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...7 {
            let alias = "*a\(level - 1)"
            let aliases = Array(repeating: alias, count: 9).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        return text
    }

    private static let refusal =
        "6:14: the aliases repeat too much: more than 200000 values or 16777216 bytes with every "
        + "alias written out; write fewer aliases of values that hold aliases"

    @Test(arguments: [
        "projects: *a7\n", "? *a7\n: x\n", "projects: [{<<: *a7}]\n",
        "kind: Coroot\nspec: {projects: *a7}\n",
    ])
    func anAliasBombIsRefusedInAConfigurationAndInACustomResource(rest: String) {
        #expect(errors(Self.bomb + rest) == [Self.refusal])
    }

    @Test func anAliasBombIsRefusedInAttributeFilesAndInTheLookForTheStore() throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try ClusterPoolAttribute.parse(Self.bomb + "project: *a7\n", path: "a.yaml")
        }
        #expect(errors.description == "a.yaml:" + Self.refusal)

        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("bomb-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data((Self.bomb + "data_dir: /tmp\n").utf8).write(to: URL(fileURLWithPath: path))
        #expect(StoreLocation.read(path: path) == nil)
    }

    @Test func longKeysOfLongListsDoNotMultiply() {
        let key = String(repeating: "k", count: 1000)
        let list = String(repeating: "x,", count: 100_000)
        #expect(
            errors("? \(key)\n: {\(key): {\(key): [\(list)]}}\n").contains {
                $0.contains("unknown key")
            })
    }
}
