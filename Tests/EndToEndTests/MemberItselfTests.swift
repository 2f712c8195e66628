import Foundation
import RealServers
import TestSupport
import Testing

/// A project that is read with its own API key, and no name in the path, is the member itself: the
/// oracle is the member, asked the same, byte for byte.
@Suite struct MemberItselfTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let base = 1_700_000_000

    /// Members have labels of the names that the gateway gives to others.
    private static let data: String = {
        var text = "# TYPE requests counter\n"
        let series: [(head: String, each: (Int) -> Int)] = [
            (#"requests_total{job="shop",project="team-red"}"#, { 10 * $0 }),
            (#"requests_total{job="shop",project="team-blue"}"#, { 7 * $0 }),
        ]
        for (head, each) in series {
            for step in 0...120 { text += "\(head) \(each(step)) \(base + 15 * step)\n" }
        }
        let gauges: [(head: String, value: Int)] = [
            (#"up{instance="a",job="node"}"#, 1), (#"up{instance="b",job="node"}"#, 0),
            (#"argocd_application_info{name="shop",project="team-red"}"#, 1),
            (#"argocd_application_info{name="blog",project="team-blue"}"#, 3),
            (#"argocd_application_info{name="wiki"}"#, 2),
            (#"nested{exported_project="outer",project="inner"}"#, 5),
            (#"latency_bucket{le="0.1",project="p"}"#, 3),
            (#"latency_bucket{le="1",project="p"}"#, 7),
            (#"latency_bucket{le="+Inf",project="p"}"#, 9),
        ]
        for name in ["argocd_application_info", "latency_bucket", "nested", "up"] {
            for (head, value) in gauges where head.hasPrefix(name) {
                for step in 0...120 { text += "\(head) \(value) \(base + 15 * step)\n" }
            }
        }
        return text + "# EOF\n"
    }()

    private static let queries = [
        "up", "sum(up)", "avg(argocd_application_info)", "sort_desc(argocd_application_info)",
        "sort(argocd_application_info)", "topk(2, argocd_application_info)",
        "bottomk by (job) (1, requests_total)", "count by (project) (argocd_application_info)",
        "sum without (project) (requests_total)", "sum by (exported_project, project) (nested)",
        #"up{project="prod-a"}"#, #"argocd_application_info{project=~"team-.+"}"#,
        #"argocd_application_info{project=""}"#, #"absent(nope{project="x"})"#, "absent(up)",
        #"label_replace(up, "project", "$1", "instance", "(.*)")"#,
        #"label_join(nested, "exported_project", "-", "project", "exported_project")"#,
        // More of them would come in no order.
        #"count_values("project", up == 1)"#,
        "rate(requests_total[5m])", "sum by (project) (increase(requests_total[10m]))",
        "max_over_time(requests_total[10m:1m])", "sum_over_time(up[10m:])",
        "quantile(0.5, argocd_application_info)", "stddev(argocd_application_info)",
        "histogram_quantile(0.9, latency_bucket)", "requests_total offset 5m",
        "requests_total @ 1700000300", "requests_total and on (project) argocd_application_info",
        "requests_total * on (project) group_left (name) argocd_application_info",
        "scalar(sum(up))", "scalar(avg(argocd_application_info)) + 1", "vector(scalar(up))",
        "1 + 1", "time()", "vector(1)", "-up", "up > bool 0", "nope",
    ]
    /// Of these the server of version 2 says less, or in other words.
    private static let queriesOfVersion3 = [
        "rate(up[5m])", "histogram_quantile(2, latency_bucket)", "up(", "up{", "sum(up) by",
        #"{__name__=~".*"}"#, "rate(up)", "up + on () argocd_application_info",
        "requests_total @ end()", #"{"up"}"#, "   up # all of them",
    ]
    private static let instants = ["up[1m]", #""text""#]

    private static let documents = [
        "series?match[]=nested&match[]=up", "series?match[]={project=~\"team-.*\"}", "labels",
        "labels?match[]=nested", "label/project/values", "label/exported_project/values",
        "label/__name__/values?match[]={project!=\"\"}", "label/nope/values", "metadata",
        "metadata?metric=up", "alerts", "targets", "alertmanagers", "targets/metadata",
    ]

    private struct Pair: Sendable {
        var member: PrometheusServer
        var gateway: HTTPAddress
        let process: ChildProcess

        private static let headers = [("X-API-Key", MemberItselfTests.key)]

        func expectSame(_ path: String, _ parameters: [(String, String)] = []) throws {
            let own = try member.address.get("/api/v1/\(path)", parameters)
            let ours = try gateway.get("/api/v1/\(path)", parameters, headers: Self.headers)
            let subject = "\(path) \(parameters.map(\.1).first ?? "")"
            #expect(ours.status == own.status, "\(subject): \(ours.text) \(own.text)")
            #expect(ours.text == own.text, "\(subject)")
        }

        func ours(_ path: String, bearer: Bool = false) throws -> JSONValue {
            let headers =
                bearer ? [("Authorization", "Bearer \(MemberItselfTests.key)")] : Self.headers
            return try gateway.get(path, headers: headers).json()
        }
    }

    private func withPair(
        _ version: PrometheusVersion, _ work: @Sendable (Pair) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let rules = "\(folder)/rules.yml"
                try """
                groups:
                  - name: g
                    interval: 1h
                    rules:
                      - {record: "r:r", expr: vector(1), labels: {project: team-red}}
                """.write(toFile: rules, atomically: true, encoding: .utf8)
                let member = try PrometheusServer(
                    name: "member", version: version, openMetrics: Self.data, directory: folder,
                    configuration: "rule_files: [\(rules)]\n")
                let path = "\(folder)/gateway.yaml"
                try """
                auth: {tokens: [{name: people, token: token-of-people}]}
                projects:
                  - name: prod-a
                    prometheus: {url: "\(member.address.url)"}
                    apiKeys: [{key: \(Self.key)}]
                  - {name: prod-b, prometheus: {url: "\(member.address.url)"}}
                  - {name: prod-global, memberProjects: [prod-a, prod-b]}
                """.write(toFile: path, atomically: true, encoding: .utf8)
                let (process, address) = try ChildProcess.gateway(
                    "gateway", over: path, in: folder)
                try work(Pair(member: member, gateway: address, process: process))
                process.stop()
            }
        }
    }

    private static func compare(_ pair: Pair, _ queries: [String], ranges: Bool = true) throws {
        for query in queries {
            try pair.expectSame("query", [("query", query), ("time", "\(base + 1207).5")])
            guard ranges else { continue }
            try pair.expectSame(
                "query_range",
                [
                    ("query", query), ("start", "\(base + 61).25"), ("end", "\(base + 1500)"),
                    ("step", "30"),
                ])
        }
    }

    @Test(.enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
    func aProjectReadByItsOwnKeyIsTheMemberItself() async throws {
        try await withPair(.three) { pair in
            try Self.compare(pair, Self.queries + Self.queriesOfVersion3)
            try Self.compare(pair, Self.instants, ranges: false)
            for path in Self.documents { try pair.expectSame(Self.encoded(path)) }
            // What the request says about times and the lookback is passed on.
            try pair.expectSame(
                "query",
                [("query", "up"), ("time", "\(Self.base + 1900)"), ("lookback_delta", "1m")])
            try pair.expectSame("query", [("query", "up"), ("time", "nonsense")])
            try pair.expectSame(
                "query_range", [("query", "up"), ("start", "1"), ("end", "0"), ("step", "1")])
            let groups = try pair.ours("/api/v1/rules")["data"]?["groups"]?.items
            let file = try pair.member.address.get("/api/v1/rules").json()["data"]?["groups"]?
                .items?.first?["file"]?.text
            #expect(groups?.count == 1 && file != nil && groups?.first?["file"]?.text == file)
            #expect(
                groups?.first?["rules"]?.items?.first?["labels"]
                    == .object([.init(key: "project", value: .string("team-red"))]))
        }
    }

    @Test(.enabled(if: PrometheusVersion.two.isHere, "\(PrometheusVersion.two.whySkipped)"))
    func aMemberOfVersion2IsItselfToo() async throws {
        try await withPair(.two) { pair in
            try Self.compare(pair, Self.queries)
            try Self.compare(pair, Self.instants, ranges: false)
            // It counts no dropped targets by pool.
            for path in Self.documents where path != "targets" {
                try pair.expectSame(Self.encoded(path))
            }
        }
    }

    @Test(.enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
    func byNameOrWithATokenTheProjectIsOneOfSeveral() async throws {
        try await withPair(.three) { pair in
            func labels(_ prefix: String, _ headers: [(String, String)]) throws -> [JSONValue?] {
                let answer = try pair.gateway.get(
                    prefix + "/api/v1/query",
                    [("query", "nested"), ("time", "\(Self.base + 600)")], headers: headers)
                return (try answer.json()["data"]?["result"]?.items ?? []).map { $0["metric"] }
            }
            func named(_ project: String) -> JSONValue {
                .object(
                    [
                        ("__name__", "nested"), ("exported_exported_project", "outer"),
                        ("exported_project", "inner"), ("project", project),
                    ].map { .init(key: $0.0, value: .string($0.1)) })
            }
            let token = [("Authorization", "Bearer token-of-people")]
            let own = [("X-API-Key", Self.key)]
            // As a bearer token, which Grafana sends, the key is the same key.
            let bearer = [("Authorization", "Bearer \(Self.key)")]
            let byName = try [labels("/p/prod-a", own), labels("/p/prod-a", token)]
            #expect(byName == [[named("prod-a")], [named("prod-a")]])
            let all = try labels("", token)
            #expect(all == [named("prod-a"), named("prod-b")])
            let asOwn = try [labels("", own), labels("", bearer)]
            #expect(asOwn[0] == asOwn[1])
            #expect(asOwn[0].first??["project"]?.text == "inner")
        }
    }

    private static func encoded(_ path: String) -> String {
        let parts = path.split(separator: "?", maxSplits: 1)
        guard parts.count == 2 else { return path }
        let pairs = parts[1].split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1)
            return (String(sides[0]), String(sides[1]))
        }
        return parts[0] + "?" + HTTPAddress.form(pairs)
    }
}
