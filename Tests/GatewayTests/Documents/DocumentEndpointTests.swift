import GatewayConfiguration
import Logging
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway

/// Rules, alerts, targets, exemplars and storage statistics of several members, as one server that
/// had them all would tell them.
@Suite(.closesGateways) struct DocumentEndpointTests {
    private static let a: [String: String] = [
        "/rules": #"{"groups":[{"name":"g","file":"/r.yml","rules":["#
            + #"{"state":"firing","name":"Down","query":"up == 0","labels":{"severity":"page","project":"own"},"#
            + #""annotations":{"text":"a<b"},"alerts":[{"labels":{"alertname":"Down"},"annotations":{},"#
            + #""state":"firing","activeAt":"2026-01-01T00:00:00Z","value":"1e+00"}],"type":"alerting"},"#
            + #"{"name":"r:x","query":"x","health":"ok","type":"recording"}],"interval":15}]}"#,
        "/alerts":
            #"{"alerts":[{"labels":{"alertname":"Down"},"state":"firing","value":"1e+00"}]}"#,
        "/targets": #"{"activeTargets":[{"discoveredLabels":{"job":"j"},"labels":{"job":"j"},"#
            + #""scrapePool":"p","health":"up"}],"droppedTargets":[],"droppedTargetCounts":{"p":2}}"#,
        "/targets/metadata":
            #"[{"target":{"job":"j"},"metric":"m","type":"gauge","help":"","unit":""}]"#,
        "/scrape_pools": #"{"scrapePools":["p","b/c"]}"#,
        "/scrape_pools/config": #"{"yaml":"job_name: p"}"#,
        "/alertmanagers":
            #"{"activeAlertmanagers":[{"url":"http://y"},{"url":"http://x"}],"droppedAlertmanagers":[]}"#,
        "/query_exemplars":
            #"[{"seriesLabels":{"__name__":"m","z":"1"},"exemplars":[{"labels":{"id":"<1>"},"value":"6","timestamp":1600096945.479}]}]"#,
        "/status/tsdb":
            #"{"headStats":{"numSeries":3,"numLabelPairs":4,"chunkCount":5,"minTime":10,"maxTime":20},"#
            + #""seriesCountByMetricName":[{"name":"up","value":2},{"name":"x","value":1}],"#
            + #""labelValueCountByLabelName":[{"name":"job","value":2}],"#
            + #""memoryInBytesByLabelName":[{"name":"project","value":7}],"#
            + #""seriesCountByLabelValuePair":[{"name":"job=j","value":3}]}"#,
        "/status/tsdb/blocks": #"{"blocks":[{"ulid":"A","minTime":5}]}"#,
    ]

    private static let b: [String: String] = [
        "/rules":
            #"{"groups":[{"name":"g","file":"/r.yml","rules":[{"name":"r:y","query":"y","labels":{"k":"v"},"type":"recording"}]}]}"#,
        "/alerts":
            #"{"alerts":[{"labels":{"alertname":"Up"},"state":"pending","value":"5.5e-01"}]}"#,
        "/targets":
            #"{"activeTargets":[{"discoveredLabels":{},"labels":{"job":"k"},"scrapePool":"p"}],"droppedTargets":[]}"#,
        "/targets/metadata": "[]",
        "/scrape_pools": #"{"scrapePools":["p"]}"#,
        "/alertmanagers":
            #"{"activeAlertmanagers":[{"url":"http://x"}],"droppedAlertmanagers":[]}"#,
        "/query_exemplars": #"[{"seriesLabels":{"__name__":"m"},"exemplars":[]}]"#,
        "/status/tsdb":
            #"{"headStats":{"numSeries":1,"numLabelPairs":1,"chunkCount":1,"minTime":3,"maxTime":9},"#
            + #""seriesCountByMetricName":[{"name":"up","value":1}],"labelValueCountByLabelName":[{"name":"job","value":1}],"#
            + #""memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}"#,
        "/status/tsdb/blocks": #"{"blocks":[{"ulid":"B","minTime":1}]}"#,
    ]

    struct Scene: Sendable {
        var gateway: PrometheusResponder
        var a: ScriptedMember
        var b: ScriptedMember
    }

    /// `all` has both members, `lacking` one that knows none of this, `most` one that is down.
    private func withScene(_ work: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let a = ScriptedMember(data: Self.a)
        let b = ScriptedMember(data: Self.b)
        let bare = ScriptedMember(data: [:])
        try await LoopbackServers.serve([
            "a": a.responder, "b": b.responder, "bare": bare.responder,
        ]) { ports in
            let members = ["a", "b", "bare"].map {
                "  - {name: \($0), prometheus: {url: \"http://127.0.0.1:\(ports[$0] ?? 0)\"}}\n"
            }
            let configuration = try Configuration.parse(
                "projects:\n" + members.joined() + """
                      - {name: dead, prometheus: {url: "http://127.0.0.1:1"}}
                      - {name: all, memberProjects: [b, a]}
                      - {name: lacking, memberProjects: [b, bare], partialResponse: abort}
                      - {name: most, memberProjects: [b, dead]}
                      - {name: strict, memberProjects: [b, dead], partialResponse: abort}
                    """, path: "c.yaml")
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let application = try GatewayApplication(configuration: configuration, logger: logger)
                .closedAtTheEnd()
            try await work(Scene(gateway: application.responder, a: a, b: b))
        }
    }

    @Test func answersAreTheUnionAndSayWhoseEachPartIs() async throws {
        try await withScene { scene in
            for (target, data) in [
                (
                    "rules?type=record",
                    #"{"groups":[{"name":"g","file":"a//r.yml","rules":[{"name":"r:x","query":"x","#
                        + #""labels":{"project":"a"},"health":"ok","type":"recording"}],"interval":15},"#
                        + #"{"name":"g","file":"b//r.yml","rules":[{"name":"r:y","query":"y","#
                        + #""labels":{"k":"v","project":"b"},"type":"recording"}]}]}"#
                ),
                (
                    "rules?rule_name[]=Down&exclude_alerts=1",
                    #"{"groups":[{"name":"g","file":"a//r.yml","rules":[{"state":"firing","name":"Down","#
                        + #""query":"up == 0","labels":{"exported_project":"own","project":"a","severity":"page"},"#
                        + #""annotations":{"text":"a<b"},"alerts":null,"type":"alerting"}],"interval":15}]}"#
                ),
                (
                    "rules?match[]=%7Bk=%22v%22%7D",
                    #"{"groups":[{"name":"g","file":"b//r.yml","rules":[{"name":"r:y","query":"y","#
                        + #""labels":{"k":"v","project":"b"},"type":"recording"}]}]}"#
                ),
                (
                    "alerts",
                    #"{"alerts":[{"labels":{"alertname":"Down","project":"a"},"state":"firing","value":"1e+00"},"#
                        + #"{"labels":{"alertname":"Up","project":"b"},"state":"pending","value":"5.5e-01"}]}"#
                ),
                (
                    "targets",
                    #"{"activeTargets":[{"discoveredLabels":{"job":"j","project":"a"},"#
                        + #""labels":{"job":"j","project":"a"},"scrapePool":"a/p","health":"up"},"#
                        + #"{"discoveredLabels":{"project":"b"},"labels":{"job":"k","project":"b"},"scrapePool":"b/p"}],"#
                        + #""droppedTargets":[],"droppedTargetCounts":{"a/p":2}}"#
                ),
                (
                    "targets/metadata?match_target=%7Bproject=%22a%22%7D",
                    #"[{"target":{"job":"j","project":"a"},"metric":"m","type":"gauge","help":"","unit":""}]"#
                ),
                (
                    // Dropped targets are counted in every pool, whichever is asked for.
                    "targets?scrapePool=b/p",
                    #"{"activeTargets":[{"discoveredLabels":{"project":"b"},"#
                        + #""labels":{"job":"k","project":"b"},"scrapePool":"b/p"}],"#
                        + #""droppedTargets":[],"droppedTargetCounts":{"a/p":2}}"#
                ),
                (
                    "targets?scrapePool=b/p&state=active",
                    #"{"activeTargets":[{"discoveredLabels":{"project":"b"},"#
                        + #""labels":{"job":"k","project":"b"},"scrapePool":"b/p"}],"#
                        + #""droppedTargets":[],"droppedTargetCounts":null}"#
                ),
                ("scrape_pools", #"{"scrapePools":["a/b/c","a/p","b/p"]}"#),
                ("scrape_pools/config?scrapePool=a/p", #"{"yaml":"job_name: p"}"#),
                (
                    "alertmanagers",
                    #"{"activeAlertmanagers":[{"url":"http://x"},{"url":"http://y"}],"droppedAlertmanagers":[]}"#
                ),
                (
                    "query_exemplars?query=rate(m%7Bproject=~%22a%7Cb%22%7D%5B5m%5D)",
                    #"[{"seriesLabels":{"__name__":"m","project":"a","z":"1"},"exemplars":[{"labels":{"id":"<1>"},"#
                        + #""value":"6","timestamp":1600096945.479}]},"#
                        + #"{"seriesLabels":{"__name__":"m","project":"b"},"exemplars":[]}]"#
                ),
                (
                    "status/tsdb/blocks",
                    #"{"blocks":[{"ulid":"B","minTime":1},{"ulid":"A","minTime":5}]}"#
                ),
                (
                    "status/tsdb?limit=2",
                    #"{"headStats":{"numSeries":4,"numLabelPairs":5,"chunkCount":6,"minTime":3,"maxTime":20},"#
                        + #""seriesCountByMetricName":[{"name":"up","value":3},{"name":"x","value":1}],"#
                        + #""labelValueCountByLabelName":[{"name":"job","value":2},{"name":"project","value":2}],"#
                        + #""memoryInBytesByLabelName":[{"name":"exported_project","value":7}],"#
                        + #""seriesCountByLabelValuePair":[{"name":"job=j","value":3},{"name":"project=a","value":3}]}"#
                ),
            ] {
                let answer = try await scene.gateway.ask("/p/all/api/v1/\(target)")
                #expect(answer.status == 200, "\(target)")
                #expect(answer.body == #"{"status":"success","data":\#(data)}"#, "\(target)")
            }
        }
    }

    @Test func pagesOfRuleGroupsFollowEachOther() async throws {
        try await withScene { scene in
            let first = try await scene.gateway.ask("/p/all/api/v1/rules?group_limit=1")
            #expect(first.body.contains("a//r.yml") && !first.body.contains("b//r.yml"))
            // The SHA-256 of `b//r.yml;g`.
            let token = "63234da25b1ac8b35b0acd6d1a8a83f71a76aee5e694606fa9de1626fc197e5d"
            #expect(first.body.hasSuffix(#"],"groupNextToken":"\#(token)"}}"#))
            let second = try await scene.gateway.ask(
                "/p/all/api/v1/rules?group_limit=1&group_next_token=\(token)")
            #expect(second.body.contains("b//r.yml") && !second.body.contains("a//r.yml"))
            #expect(!second.body.contains("groupNextToken"))
        }
    }

    @Test func aMemberWithoutTheEndpointIsNamedUnderEveryPolicy() async throws {
        try await withScene { scene in
            for path in ["rules", "alerts", "targets", "status/tsdb", "query_exemplars?query=m"] {
                let answer = try await scene.gateway.ask("/p/lacking/api/v1/\(path)")
                #expect(answer.status == 200, "\(path)")
                #expect(
                    answer.body.contains(
                        #""warnings":["project \"bare\": the member has no /api/v1/"#), "\(path)")
            }
        }
    }

    @Test func aMemberThatIsDownIsAWarningOrAnError() async throws {
        try await withScene { scene in
            let partial = try await scene.gateway.ask("/p/most/api/v1/alerts")
            #expect(partial.status == 200)
            #expect(partial.body.contains(#""project":"b""#))
            #expect(partial.body.contains(#""warnings":["project \"dead\": "#))
            for target in ["/p/strict/api/v1/alerts", "/p/dead/api/v1/rules"] {
                let refused = try await scene.gateway.ask(target)
                #expect(refused.status == 503, "\(target)")
                #expect(refused.body.contains(#"project \"dead\": "#))
            }
        }
    }

    @Test(arguments: [
        ("rules?type=x", #"invalid parameter \"type\": not supported value \"x\""#),
        (
            "rules?exclude_alerts=x",
            #"invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing \"x\": invalid syntax"#
        ),
        (
            "rules?group_next_token=x",
            #"invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups"#
        ),
        (
            "rules?group_limit=0",
            #"invalid parameter \"group_limit\": group_limit needs to be greater than 0"#
        ),
        (
            "rules?group_limit=1&group_next_token=x",
            #"invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?"#
        ),
        ("rules?match[]=%7B%7D", "match[] must contain at least one non-empty matcher"),
        ("scrape_pools/config", "no scrapePool parameter provided"),
        (
            "scrape_pools/config?scrapePool=c/p",
            #"error retrieving scrape config: scrape pool \"c/p\" not found"#
        ),
        ("targets/relabel_steps?scrapePool=a/p", "no labels parameter provided"),
        ("targets/metadata?limit=x", "limit must be a number"),
        (
            "query_exemplars?query=m&start=2&end=1",
            "end timestamp must not be before start timestamp"
        ),
        ("status/tsdb?limit=0", "limit must be a positive number"),
        ("status/tsdb?limit=10001", "limit must not exceed 10000"),
    ])
    func wrongParametersAreRefused(target: String, text: String) async throws {
        try await withScene { scene in
            let answer = try await scene.gateway.ask("/p/all/api/v1/\(target)")
            #expect(answer.status == 400)
            #expect(
                answer.body == #"{"status":"error","errorType":"bad_data","error":"\#(text)"}"#)
        }
    }

    @Test func exemplarsOfAFunctionThatOnly2xHasAreThoseOfItsSelector() async throws {
        try await withScene { scene in
            let answer = try await scene.gateway.ask(
                "/p/all/api/v1/query_exemplars?query=holt_winters(m%5B5m%5D,0.3,0.5)")
            let plain = try await scene.gateway.ask("/p/all/api/v1/query_exemplars?query=m")
            #expect(answer.status == 200)
            #expect(answer.body == plain.body)
        }
    }

    @Test func anExpressionWithoutSelectorsHasNoExemplarsAndAsksNobody() async throws {
        try await withScene { scene in
            let answer = try await scene.gateway.ask("/p/dead/api/v1/query_exemplars?query=1")
            #expect(answer.status == 204)
            #expect(answer.body == "")
        }
    }
}
