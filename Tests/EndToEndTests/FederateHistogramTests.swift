import Foundation
import GoText
import PromQLScripts
import PromQLTest
import RealServers
import Testing

/// `/federate` of real members that have native histograms of every kind.
@Suite("Federating native histograms")
struct FederateHistogramTests {
    private static let protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

    /// Of `doubtful` and `empty` the buckets that a query prints do not tell the schema.
    private static let series = """
        whole{instance="i",job="j"} {{schema:3 sum:5 count:12 z_bucket:2 z_bucket_w:0.01 buckets:[1 2 3] n_buckets:[4] n_offset:-2}}x1
        gapped{instance="i",job="j"} {{schema:1 sum:5 count:4 offset:-3 buckets:[1 0 0 0 0 0 0 3]}}x1
        parts{instance="i",job="j"} {{schema:1 sum:0.5 count:0.75 buckets:[0.25 0.5]}}x1
        gauge{instance="i",job="j"} {{schema:2 sum:3 count:2 buckets:[1 1] counter_reset_hint:gauge}}x1
        doubtful{instance="i",job="j"} {{schema:0 sum:1 count:1 buckets:[1]}}x1
        empty{instance="i",job="j"} {{schema:5}}x1
        mixed{instance="i",job="j"} 1 {{schema:0 sum:1 count:1 buckets:[1]}}
        plain{instance="i",job="j"} 1 2
        """
    private static let custom = """

        bounded{instance="i",job="j"} {{schema:-53 sum:5 count:3 custom_values:[1 2] buckets:[1 1 1]}}x1
        """
    private static let names = [
        "whole", "gapped", "parts", "gauge", "doubtful", "empty", "mixed", "plain",
    ]

    /// Two members and the gateway, for as long as the work takes.
    private func withMembers<T: Sendable>(
        _ work:
            @escaping @Sendable (
                _ members: [PrometheusServer], _ gateway: GatewayServer, _ directory: String
            ) throws -> T
    ) async throws -> T {
        try await offPool {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-federate-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let start = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970) * 1000 - 40_000)
            var members: [PrometheusServer] = []
            defer { for member in members { member.process.stop() } }
            for (name, own) in [("a", ""), ("b", #"project="own","#)] {
                let member = try PrometheusServer(
                    name: name, directory: directory, options: RemoteWriter.options,
                    // What members add here is what their own /federate shows, and no query.
                    configuration: "global: {external_labels: {project: \(name)}}\n")
                members.append(member)
                try RemoteWriter(member.address).write(
                    SeriesNotation.series(
                        (Self.series + Self.custom).replacingOccurrences(
                            of: ",job", with: ",\(own)job"),
                        from: start))
            }
            let gateway = try GatewayServer(
                name: "gateway",
                members: members.map { .init(name: $0.process.name, url: $0.address.url) },
                projects: [
                    .init(name: "one", members: ["a"]), .init(name: "all", members: ["a", "b"]),
                ], directory: directory)
            defer { gateway.process.stop() }
            return try work(members, gateway, directory)
        }
    }

    @Test("One member is federated as it federates itself, to the byte, in text and in protobuf")
    func asTheMember() async throws {
        let answers = try await withMembers { members, gateway, _ in
            try ["text/plain;version=0.0.4", Self.protobuf].map { accept in
                func answer(_ server: HTTPAddress) throws -> HTTPAnswer {
                    try server.get(
                        "/federate",
                        [("match[]", "{__name__=~\"\(Self.names.joined(separator: "|"))\"}")],
                        headers: [("Accept", accept)])
                }
                return (
                    theirs: try answer(members[0].address), ours: try answer(gateway.project("one"))
                )
            }
        }
        for (theirs, ours) in answers {
            #expect(theirs.status == 200 && ours.status == 200)
            #expect(ours.header("content-type") == theirs.header("content-type"))
        }
        #expect(answers[1].ours.body == answers[1].theirs.body)
        #expect(answers[1].ours.body.count > 500)
        #expect(answers[1].ours.header("x-tributary-left-out") == nil)
        // In text a comment tells of what the format has no words for.
        let (theirs, ours) = answers[0]
        #expect(
            ours.text
                == "# project \"a\": 7 native histograms left out: the format has no native "
                + "histograms\n" + theirs.text)
    }

    @Test("A real Prometheus that scrapes /federate holds the histograms of all members")
    func scraped() async throws {
        try await withMembers { members, gateway, directory in
            let bounded = try gateway.project("all").get(
                "/federate", [("match[]", "bounded")], headers: [("Accept", Self.protobuf)])
            #expect(bounded.status == 200 && bounded.body.isEmpty)
            #expect(
                bounded.header("x-tributary-left-out")
                    == "project \"a\": 1 native histogram left out: the format has no custom "
                    + "buckets; project \"b\": 1 native histogram left out: the format has no "
                    + "custom buckets")
            func job(_ name: String, _ protocols: String) -> String {
                """
                  - job_name: \(name)
                    scrape_protocols: [\(protocols)]
                    honor_labels: true
                    metrics_path: /p/all/federate
                    params: {"match[]": ['{job="j"}']}
                    static_configs: [{targets: ["127.0.0.1:\(gateway.port)"]}]

                """
            }
            for (name, protocols) in [
                ("messages", "PrometheusProto"), ("lines", "OpenMetricsText1.0.0"),
            ] {
                let reader = try PrometheusServer(
                    name: name, directory: directory,
                    options: ["--enable-feature=native-histograms"],
                    configuration: "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                        + "scrape_configs:\n" + job(name, protocols))
                defer { reader.process.stop() }
                try LiveScene.wait("the reader \(name) has not read everything") {
                    try reader.address.get("/api/v1/query", [("query", "plain{project=\"b\"}")])
                        .text.contains(#""value""#)
                }
                func value(_ server: HTTPAddress, _ query: String) throws -> JSONValue? {
                    let json = try server.get("/api/v1/query", [("query", query)]).json()
                    let all = json["data"]?["result"]?.items ?? []
                    #expect(all.count <= 1)
                    return all.first.flatMap { ($0["histogram"] ?? $0["value"])?.items?.last }
                }
                for member in members {
                    let project = member.process.name
                    let own = project == "b" ? ",exported_project=\"own\"" : ""
                    // Scrapers take a histogram without buckets for a classic one.
                    for metric in Self.names where metric != "empty" {
                        guard name == "messages" || metric == "plain" else { continue }
                        let read = try value(
                            reader.address, "\(metric){project=\"\(project)\"\(own)}")
                        #expect(read != nil, "\(metric) of \(project)")
                        #expect(read == (try value(member.address, metric)))
                    }
                }
                let rises = try value(
                    reader.address, "histogram_quantile(0.5, doubtful{project=\"a\"})")
                if name == "messages" {
                    #expect(
                        rises
                            == (try value(members[0].address, "histogram_quantile(0.5, doubtful)")))
                }
                let trouble = try reader.address.get("/api/v1/targets").json()["data"]?[
                    "activeTargets"]?.items?.compactMap { $0["lastError"]?.text }
                #expect(trouble == [""])
            }
        }
    }
}
