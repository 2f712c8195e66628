import Foundation
import RealServers
import TestSupport
import Testing
import Yams

extension EndToEnd {
    /// The alerts about the gateway in `configs/alerts`, and its dashboard.
    struct AlertRuleTests {
        private static let folder = "\(Repository.root)/configs/alerts"

        private static func rules() throws -> [[String: Any]] {
            let text = try String(contentsOfFile: "\(folder)/tributary.yaml", encoding: .utf8)
            let file = try Yams.load(yaml: text) as? [String: Any]
            let groups = file?["groups"] as? [[String: Any]] ?? []
            return groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
        }

        @Test("promtool takes the rules, and each alert fires by what it is for")
        func promtool() async throws {
            try await offPool {
                let tool = try PrometheusVersion.three.tool("promtool")
                for (command, file) in [("check", "tributary"), ("test", "tributary_test")] {
                    let outcome = try CommandOutput.of(
                        tool, [command, "rules", "\(Self.folder)/\(file).yaml"])
                    #expect(outcome.status == 0, "\(outcome)")
                }
            }
        }

        @Test("Every alert is tested, and links to what to do")
        func runbooks() throws {
            let tests = try String(
                contentsOfFile: "\(Self.folder)/tributary_test.yaml", encoding: .utf8)
            let rules = try Self.rules()
            #expect(rules.count >= 10)
            for rule in rules {
                let name = try #require(rule["alert"] as? String)
                #expect(tests.contains("alertname: \(name)"), "\(name)")
                let notes = try #require(rule["annotations"] as? [String: String])
                let link = try #require(notes["runbook_url"]).split(separator: "#")
                #expect(link.map(String.init).last == name.lowercased())
                let page = try String(
                    contentsOfFile: "\(Repository.root)/\(link[0])", encoding: .utf8)
                #expect(page.contains("\n### \(name)\n"), "\(name) is not in \(link[0])")
            }
        }

        /// Names of the gateway's metrics in a text of PromQL, without a histogram's suffixes.
        private static func metrics(in text: String) -> Set<String> {
            Set(
                text.matches(of: /\b(?:tributary|process)_[a-z0-9_]+/).map {
                    var name = String($0.output)
                    for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
                        name.removeLast(suffix.count)
                    }
                    return name
                })
        }

        @Test("What alerts and the dashboard ask for, the sources of the gateway write")
        func metricsExist() throws {
            let files = try #require(
                FileManager.default.enumerator(atPath: "\(Repository.root)/Sources"))
            var written = ""
            for case let path as String in files where path.hasSuffix(".swift") {
                written += try String(
                    contentsOfFile: "\(Repository.root)/Sources/\(path)", encoding: .utf8)
            }
            let dashboard = try String(
                contentsOfFile: "\(Repository.root)/configs/grafana/dashboards/tributary.json",
                encoding: .utf8)
            var asked = Self.metrics(in: dashboard)
            for rule in try Self.rules() {
                asked.formUnion(Self.metrics(in: rule["expr"] as? String ?? ""))
            }
            #expect(asked.count >= 15)
            for name in asked { #expect(written.contains("\"\(name)\""), "\(name)") }
        }

        @Test("The dashboard's panels ask the data source that is chosen, and are in the grid")
        func dashboard() throws {
            let text = try String(
                contentsOfFile: "\(Repository.root)/configs/grafana/dashboards/tributary.json",
                encoding: .utf8)
            let dashboard = try JSONValue(parsing: Array(text.utf8))
            let panels = dashboard["panels"]?.items ?? []
            #expect(panels.count >= 16)
            var places: Set<[Int]> = []
            for panel in panels {
                #expect(panel["datasource"]?["uid"]?.text == "${datasource}")
                let place = ["x", "y", "w", "h"].map {
                    Int(panel["gridPos"]?[$0]?.text ?? "") ?? -1
                }
                #expect(place[0] + place[2] <= 24 && places.insert(Array(place[..<2])).inserted)
            }
            let names = (dashboard["templating"]?["list"]?.items ?? []).map { $0["name"]?.text }
            #expect(names == ["datasource", "instance", "member"])
        }

        @Test("Every query of the dashboard is answered over the gateway's own metrics")
        func queries() async throws {
            let text = try String(
                contentsOfFile: "\(Repository.root)/configs/grafana/dashboards/tributary.json",
                encoding: .utf8)
            let dashboard = try JSONValue(parsing: Array(text.utf8))
            let targets =
                (dashboard["panels"]?.items ?? []).flatMap { $0["targets"]?.items ?? [] }
                + (dashboard["annotations"]?["list"]?.items ?? [])
            let scene = try Scene.required()
            try await offPool {
                for target in targets {
                    var query = try #require(target["expr"]?.text)
                    for name in ["$instance", "$member"] {
                        query = query.replacingOccurrences(of: name, with: ".*")
                    }
                    query = query.replacingOccurrences(of: "$__rate_interval", with: "1m")
                        .replacingOccurrences(of: "$__interval", with: "1m")
                    let answer = try scene.oracle.address.get("/api/v1/query", [("query", query)])
                    #expect(answer.status == 200, "\(query): \(answer.text)")
                }
            }
        }
    }
}
