import GatewayConfiguration
import Logging
import PrometheusServer
import ScriptedServers
import Testing

@testable import Federation
@testable import Gateway

/// A gateway over a good member and one that answers as a test says.
enum BesideBadMember {
    /// One question of every kind. Times are such that no member moves them.
    static let questions = [
        "query?query=up&time=1000", "query?query=up%5B1m%5D&time=1000",
        "query?query=sum(up)&time=1000", "query?query=quantile(0.5,up)&time=1000",
        "query_range?query=up&start=1000&end=1020&step=10",
        "query_range?query=sum(up)&start=1000&end=1020&step=10", "labels", "label/job/values",
        "series?match[]=up", "metadata", "query_exemplars?query=up", "rules", "alerts", "targets",
        "targets/metadata", "scrape_pools", "alertmanagers", "status/tsdb", "status/tsdb/blocks",
    ]

    /// What a good member answers, by path below `/api/v1`.
    static func data(_ path: String, _ request: ScriptedServer.Request) -> String? {
        let time =
            request.parameters.split(separator: "&").first { $0.hasPrefix("time=") }?.dropFirst(5)
            ?? "1000"
        let up = #"{"metric":{"__name__":"up","job":"j"},"#
        switch path {
        case "query" where request.parameters.contains("%5B"):
            return #"{"resultType":"matrix","result":[\#(up)"values":[[\#(time),"1"]]}]}"#
        case "query":
            return #"{"resultType":"vector","result":[\#(up)"value":[\#(time),"1"]}]}"#
        case "query_range":
            return #"{"resultType":"matrix","result":[\#(up)"values":[[1000,"1"]]}]}"#
        case "labels": return #"["__name__","job"]"#
        case "label/job/values", "label/__name__/values": return #"["j"]"#
        case "series": return #"[{"__name__":"up","job":"j"}]"#
        case "metadata": return #"{"up":[{"type":"gauge","help":"h","unit":""}]}"#
        case "query_exemplars":
            return #"[{"seriesLabels":{"__name__":"up"},"exemplars":[{"labels":{},"value":"1"}]}]"#
        case "rules":
            return #"{"groups":[{"name":"g","file":"f","rules":[{"name":"r","labels":{}}]}]}"#
        case "alerts": return #"{"alerts":[{"labels":{"alertname":"A"}}]}"#
        case "targets":
            return
                #"{"activeTargets":[{"labels":{"job":"j"},"scrapePool":"p"}],"droppedTargets":[]}"#
        case "targets/metadata": return #"[{"target":{"job":"j"},"metric":"m"}]"#
        case "scrape_pools": return #"{"scrapePools":["p"]}"#
        case "alertmanagers":
            return #"{"activeAlertmanagers":[{"url":"u"}],"droppedAlertmanagers":[]}"#
        case "status/tsdb": return #"{"headStats":{"numSeries":1}}"#
        case "status/tsdb/blocks": return #"{"blocks":[{"ulid":"A","minTime":1}]}"#
        case "status/buildinfo": return #"{"version":"3.5.0"}"#
        default: return nil
        }
    }

    static let good: ScriptedServer.Script = { request, connection in
        let path = String(request.path.dropFirst("/api/v1/".count))
        guard let data = data(path, request) else {
            return connection.answer("404 page not found\n", status: "404 Not Found")
        }
        return connection.answer(#"{"status":"success","data":\#(data)}"#)
    }

    /// `all` has a good member and one that answers by the script; all but for its build
    /// information, so that it does not rest.
    static func withGateway(
        _ script: @escaping ScriptedServer.Script,
        good: @escaping ScriptedServer.Script = Self.good,
        _ work: (PrometheusResponder) async throws -> Void
    ) async throws {
        let ok = try ScriptedServer(good)
        let bad = try ScriptedServer { request, connection in
            request.path.hasSuffix("/buildinfo")
                ? Self.good(request, connection) : script(request, connection)
        }
        defer {
            ok.stop()
            bad.stop()
        }
        let configuration = try Configuration.parse(
            """
            limits: {maxResponseBytes: 1MiB, maxInflatedBytes: 2MiB}
            projects:
              - {name: ok, prometheus: {url: "\(ok.url)"}}
              - {name: bad, prometheus: {url: "\(bad.url)", acceptEncoding: gzip}}
              - {name: all, memberProjects: [ok, bad]}
            """, path: "c.yaml")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        try await work(
            GatewayApplication(configuration: configuration, logger: logger).closedAtTheEnd()
                .responder)
    }

    /// Asks one question under every policy.
    static func expectMissing(
        _ gateway: PrometheusResponder, _ question: String, _ cause: String, status: Int = 503
    ) async throws {
        let mark = question.contains("?") ? "&" : "?"
        let name = #"project \"bad\": "#
        for policy in ["warn", "safe"] {
            let answer = try await gateway.ask(
                "/p/all/api/v1/\(question)\(mark)partial_response=\(policy)")
            #expect(answer.status == 200, "\(question): \(answer.body)")
            #expect(answer.body.contains(name + cause), "\(question): \(answer.body)")
            // Nothing of the good member is missing.
            let alone = try await gateway.ask("/p/ok/api/v1/\(question)")
            let data = alone.body.dropLast()
            #expect(alone.status == 200, "\(question): \(alone.body)")
            #expect(answer.body.hasPrefix(data), "\(question): \(answer.body) \(alone.body)")
        }
        let strict = try await gateway.ask("/p/all/api/v1/\(question)\(mark)partial_response=abort")
        #expect(strict.status == status, "\(question): \(strict.body)")
        #expect(strict.body.contains(name + cause), "\(question): \(strict.body)")
    }

    /// A success with this `data`; none where it is nil.
    static func body(_ data: String?) -> String {
        data.map { #"{"status":"success","data":\#($0)}"# } ?? #"{"status":"success"}"#
    }
}
