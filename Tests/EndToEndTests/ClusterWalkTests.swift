import Foundation
import RealServers
import SeedDocuments
import TestSupport
import Testing

/// The guide of three clusters, walked with three gateway processes over three real Prometheus
/// servers. The custom resources are the guide's own; the addresses alone are others, as there is
/// no name server here. A fourth Prometheus holds what the hub's view of all of them must show.
@Suite(
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct ClusterWalkTests {
    private static let base = 1_700_000_010

    private struct Series {
        var name: String
        var labels: [String: String]
        var value: Int
    }

    /// Each cluster has the same series, with values of its own, and labels of the gateway's names.
    private static func series(of cluster: Int) -> [Series] {
        [
            Series(
                name: "argocd_application_info", labels: ["project": "team-red"], value: cluster),
            Series(
                name: "nested", labels: ["exported_project": "o", "project": "i"], value: cluster),
            Series(name: "up", labels: ["job": "node"], value: 1),
            Series(name: "up", labels: ["job": "only-\(cluster)"], value: cluster % 2),
        ]
    }

    private static func openMetrics(_ all: [Series]) -> String {
        var text = ""
        for one in all.sorted(by: { $0.name < $1.name }) {
            let labels = one.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
            for step in 0...40 {
                text +=
                    "\(one.name){\(labels.joined(separator: ","))} \(one.value) \(base + 15 * step)\n"
            }
        }
        return text + "# EOF\n"
    }

    private static func inUnion(_ series: Series, of project: String) -> Series {
        var shown = series
        shown.labels = ["project": project]
        for (name, value) in series.labels {
            let moves = name.replacing("exported_", with: "") == "project"
            shown.labels[moves ? "exported_" + name : name] = value
        }
        return shown
    }

    private struct Walk: Sendable {
        var members: [PrometheusServer]
        var union: PrometheusServer
        var gateways: [HTTPAddress]
        /// The keys that A made for its agents and for the hub.
        var keysOfA: [String]
        let processes: [ChildProcess]
    }

    private func walk(_ work: @Sendable (Walk) throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await offPool { try work(try Self.begin(in: folder)) }
        }
    }

    private static func begin(in folder: String) throws -> Walk {
        let clusters = ["a", "b", "c"]
        let members = try clusters.enumerated().map { index, name in
            try PrometheusServer(
                name: "prometheus-\(name)", openMetrics: openMetrics(series(of: index + 1)),
                directory: folder)
        }
        let union = try PrometheusServer(
            name: "union",
            openMetrics: openMetrics(
                clusters.enumerated().flatMap { index, name in
                    series(of: index + 1).map { inUnion($0, of: "prod-\(name)") }
                }), directory: folder)

        var gateways: [HTTPAddress] = []
        var processes: [ChildProcess] = []
        func key(_ cluster: String, _ name: String) throws -> String {
            try String(contentsOfFile: "\(folder)/\(cluster)/coroot/\(name)", encoding: .utf8)
        }
        for (index, block) in [SeedBlock.clusterA, .clusterB, .clusterC].enumerated() {
            let cluster = clusters[index]
            // Regular projects read what the operator installs beside Coroot, by its address here.
            var yaml = try block.text().replacing(
                "\nspec:\n",
                with: "\nspec:\n  externalPrometheus: {url: \"\(members[index].address.url)\"}\n")
            for (other, address) in zip(clusters, gateways) {
                yaml = yaml.replacing("https://coroot-\(other).example.com", with: address.url)
            }
            if cluster == "c" {
                // Step 3: the keys of A and B are put into the hub's secret.
                let secret = "\(folder)/c/remote-coroot-clusters"
                try FileManager.default.createDirectory(
                    atPath: secret, withIntermediateDirectories: true)
                for other in ["a", "b"] {
                    try key(other, "multi-cluster-api-key").write(
                        toFile: "\(secret)/prod-\(other)", atomically: true, encoding: .utf8)
                }
            }
            let path = "\(folder)/coroot-\(cluster).yaml"
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            let port = try LoopbackPort.free()
            let process = try ChildProcess(
                name: "gateway-\(cluster)",
                command: [
                    try Repository.gateway(), "serve", "--config", path, "--secrets-dir",
                    "\(folder)/\(cluster)", "--listen", "127.0.0.1:\(port)",
                ], logPath: "\(folder)/gateway-\(cluster).log")
            try process.waitUntilReady(HTTPAddress(port: port))
            gateways.append(HTTPAddress(port: port))
            processes.append(process)
        }
        return Walk(
            members: members, union: union, gateways: gateways,
            keysOfA: [try key("a", "agent-api-key"), try key("a", "multi-cluster-api-key")],
            processes: processes)
    }

    private static let queries = [
        "argocd_application_info", "nested", "up", "sum(up)", "count by (project) (up)",
        #"up{project="prod-a"}"#, #"up{project=~"prod-[bc]",job=~"only.*"}"#,
        #"nested{exported_project="i"}"#, "sum by (exported_project) (argocd_application_info)",
        "topk by (project) (1, up)", #"absent(up{project="prod-b"})"#, #"absent(up{project="x"})"#,
        "avg_over_time(up[1m])", "max_over_time(sum(up)[1m:15s])", "1 + 1",
        "up * on (project) group_left argocd_application_info",
    ]

    @Test func theHubShowsTheMembersLabelsAsOnePrometheusWouldHoldThem() async throws {
        try await walk { walk in
            let hub = HTTPAddress(port: walk.gateways[2].port, prefix: "/p/prod-global")
            func expectSame(_ path: String, _ parameters: [(String, String)]) throws {
                let ours = try hub.get("/api/v1/\(path)", parameters).json()
                let all = try walk.union.address.get("/api/v1/\(path)", parameters).json()
                #expect(ours["status"] == all["status"])
                let subject = "\(path) \(parameters.first?.1 ?? "")"
                #expect(Self.sorted(ours["data"]) == Self.sorted(all["data"]), "\(subject)")
                #expect(ours["warnings"] == nil && ours["infos"] == nil, "\(subject): \(ours)")
            }
            for query in Self.queries {
                try expectSame("query", [("query", query), ("time", "\(Self.base + 301)")])
                try expectSame(
                    "query_range",
                    [
                        ("query", query), ("start", "\(Self.base)"), ("end", "\(Self.base + 600)"),
                        ("step", "30"),
                    ])
            }
            let range = [("start", "\(Self.base)"), ("end", "\(Self.base + 600)")]
            for label in ["project", "exported_project", "exported_exported_project", "job"] {
                try expectSame("label/\(label)/values", range)
            }
            try expectSame("labels", range)
            for selector in ["nested", "argocd_application_info", #"up{project!="prod-a"}"#] {
                try expectSame("series", [("match[]", selector)] + range)
            }
        }
    }

    @Test func eachClusterIsItselfToAHubThatBringsAKey() async throws {
        try await walk { walk in
            let range = [("start", "\(Self.base)"), ("end", "\(Self.base + 600)")]
            for key in walk.keysOfA {
                let header = [("X-API-Key", key)]
                for query in ["argocd_application_info", "nested", "sum(up)"] {
                    let parameters = [("query", query), ("step", "15")] + range
                    let own = try walk.members[0].address.post("/api/v1/query_range", parameters)
                    let ours = try walk.gateways[0].post(
                        "/api/v1/query_range", parameters, headers: header)
                    #expect(ours.status == 200 && ours.text == own.text, "\(query)")
                }
                for path in ["label/project/values", "series?match[]=nested", "metadata"] {
                    let own = try walk.members[0].address.get("/api/v1/\(path)")
                    let ours = try walk.gateways[0].get("/api/v1/\(path)", headers: header)
                    #expect(ours.status == 200 && ours.text == own.text, "\(path)")
                }
            }
        }
    }

    @Test func aGatewayThatIsAMemberAddsOneLevelOfLabels() async throws {
        try await walk { walk in
            let hub = HTTPAddress(port: walk.gateways[2].port, prefix: "/p/prod-a")
            let answer = try hub.get(
                "/api/v1/query", [("query", "up"), ("time", "\(Self.base + 300)")])
            #expect(!answer.text.contains("exported_project"), "\(answer.text)")
            let values = try hub.get("/api/v1/label/exported_project/values").json()["data"]
            #expect(values?.strings == ["team-red"] || values?.strings == ["i", "team-red"])
        }
    }

    /// A vector has no order of its own.
    private static func sorted(_ data: JSONValue?) -> JSONValue? {
        guard let data, data["resultType"]?.text == "vector",
            let items = data["result"]?.items
        else { return data }
        return .array(items.sorted { "\($0)" < "\($1)" })
    }
}
