import Foundation
import GoText
import RealServers
import TestSupport
import Testing
import Yams

extension EndToEnd {
    /// What `docker-compose.yml` gives to Grafana.
    struct GrafanaConfigurationTests {
        private static func text(_ path: String) throws -> String {
            try String(contentsOfFile: "\(Repository.root)/\(path)", encoding: .utf8)
        }

        private static func yaml(_ path: String) throws -> [String: Any] {
            guard let map = try Yams.load(yaml: try text(path)) as? [String: Any] else {
                throw TestFailure("\(path) is no mapping")
            }
            return map
        }

        private static func dashboard() throws -> JSONValue {
            try JSONValue(parsing: Array(text("configs/grafana/dashboards/federation.json").utf8))
        }

        @Test("The data source is the gateway of the composition, by POST, in its own version")
        func dataSource() async throws {
            let file = try Self.yaml("configs/grafana/datasources/tributary.yaml")
            let source = try #require((file["datasources"] as? [[String: Any]])?.first)
            let options = try #require(source["jsonData"] as? [String: Any])
            #expect(source["type"] as? String == "prometheus")
            #expect(source["access"] as? String == "proxy")
            #expect(options["httpMethod"] as? String == "POST")
            let services = try #require(
                Self.yaml("docker-compose.yml")["services"] as? [String: [String: Any]])
            let url = try #require((source["url"] as? String).flatMap { URL(string: $0) })
            #expect(services[url.host ?? ""] != nil)
            let scene = try Scene.required()
            let version = try await offPool {
                try scene.gateway.project("all").get("/api/v1/status/buildinfo")
                    .json()["data"]?["version"]?.text
            }
            #expect(options["prometheusVersion"] as? String == version)
        }

        @Test("Grafana finds what is provisioned where the composition puts it")
        func mounts() throws {
            let services = try #require(
                Self.yaml("docker-compose.yml")["services"] as? [String: [String: Any]])
            let volumes = try #require(services["grafana"]?["volumes"] as? [String])
            var places: [String] = []
            for volume in volumes {
                let parts = volume.split(separator: ":").map(String.init)
                #expect(parts.count == 3 && parts[2] == "ro")
                #expect(FileManager.default.fileExists(atPath: "\(Repository.root)/\(parts[0])"))
                places.append(parts[1])
            }
            let provider = try Self.yaml("configs/grafana/dashboards/provider.yaml")
            let first = try #require((provider["providers"] as? [[String: Any]])?.first)
            let path = (first["options"] as? [String: Any])?["path"] as? String
            #expect(first["type"] as? String == "file")
            #expect(places.contains(path ?? ""))
        }

        @Test("The dashboard asks the provisioned data source only, and lets choose projects")
        func dashboardIsWhole() throws {
            let dashboard = try Self.dashboard()
            let file = try Self.yaml("configs/grafana/datasources/tributary.yaml")
            let uid = (file["datasources"] as? [[String: Any]])?.first?["uid"] as? String
            let panels = dashboard["panels"]?.items ?? []
            let variables = dashboard["templating"]?["list"]?.items ?? []
            let annotations = dashboard["annotations"]?["list"]?.items ?? []
            #expect(panels.count >= 10)
            for part in panels + variables + annotations {
                #expect(part["datasource"]?["uid"]?.text == uid)
            }
            let project = variables.first { $0["name"]?.text == "project" }
            #expect(project?["query"]?["query"]?.text == "label_values(up, project)")
            #expect(project?["includeAll"] == .bool(true))
            // Panels lie in a grid of 24 columns.
            for panel in panels {
                let place = panel["gridPos"]
                let end = Int(place?["x"]?.text ?? "").flatMap { x in
                    Int(place?["w"]?.text ?? "").map { x + $0 }
                }
                #expect((end ?? 99) <= 24)
            }
        }

        /// As Grafana puts chosen values into a text.
        private static func filled(_ text: String) -> String {
            var text = text
            for (name, value) in [
                ("$__rate_interval", "1m"), ("$__interval", "1m"), ("$project", "(a|b-eu|c_us)"),
                ("$job", "(api|db|web)"),
            ] {
                text = text.replacingOccurrences(of: name, with: value)
            }
            return text
        }

        @Test("Every query of the dashboard is answered, those of `up` with data")
        func queries() async throws {
            let dashboard = try Self.dashboard()
            let targets =
                (dashboard["panels"]?.items ?? []).flatMap { $0["targets"]?.items ?? [] }
                + (dashboard["annotations"]?["list"]?.items ?? [])
            #expect(targets.count >= 12)
            let scene = try Scene.required()
            try await offPool {
                let gateway = scene.gateway.project("all")
                let start = FederationData.start.wholeSeconds
                let end = FederationData.end.wholeSeconds
                for target in targets {
                    let written = try #require(target["expr"]?.text)
                    let query = Self.filled(written)
                    #expect(!query.contains("$"), "\(written)")
                    let isInstant = target["instant"] == .bool(true)
                    let answer =
                        isInstant
                        ? try gateway.post(
                            "/api/v1/query", [("query", query), ("time", "\(start + 1800)")])
                        : try gateway.post(
                            "/api/v1/query_range",
                            [
                                ("query", query), ("start", "\(start)"), ("end", "\(end)"),
                                ("step", "60"),
                            ])
                    #expect(answer.status == 200, "\(query): \(answer.text)")
                    let json = try answer.json()
                    #expect(json["warnings"] == nil)
                    let type = json["data"]?["resultType"]?.text
                    #expect(type == (isInstant ? "vector" : "matrix"))
                    if query.contains("up{") {
                        #expect(json["data"]?["result"]?.items?.isEmpty == false, "\(query)")
                    }
                }
                for (label, selector) in [
                    ("project", "up"), ("job", Self.filled("up{project=~\"$project\"}")),
                ] {
                    let values = try gateway.get(
                        "/api/v1/label/\(label)/values",
                        [("match[]", selector), ("start", "\(start)"), ("end", "\(end)")])
                    #expect(try values.json()["data"]?.strings.count ?? 0 >= 3)
                }
            }
        }
    }
}
