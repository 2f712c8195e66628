import Foundation
import RealServers
import Testing

extension LiveMembers {
    /// What Grafana asks a data source for beside panels, and what its parsers need of the answers.
    struct LiveGrafanaTests {
        private static let headers = [
            ("User-Agent", "Grafana/11.6.0"), ("X-Grafana-Org-Id", "1"),
            ("Accept", "application/json, text/plain, */*"),
        ]

        private func data(
            _ method: String, _ path: String, _ parameters: [(String, String)] = []
        ) async throws -> JSONValue {
            let scene = try LiveScene.required()
            return try await offPool {
                let server = scene.gateway.project("all")
                let answer =
                    try method == "GET"
                    ? server.get(path, parameters, headers: Self.headers)
                    : server.post(path, parameters, headers: Self.headers)
                #expect(answer.status == 200, "\(answer.text.prefix(300))")
                #expect(answer.header("content-type") == "application/json")
                let json = try answer.json()
                #expect(json["status"]?.text == "success")
                #expect(json["warnings"] == nil && json["infos"] == nil)
                return try #require(json["data"])
            }
        }

        private func isNumber(_ value: JSONValue?) -> Bool {
            guard case .number(let text)? = value else { return false }
            return Double(text) != nil
        }

        /// An object of texts.
        private func isLabels(_ value: JSONValue?) -> Bool {
            guard case .object(let members)? = value else { return false }
            return members.allSatisfy { if case .string = $0.value { true } else { false } }
        }

        private func isTime(_ value: JSONValue?) -> Bool {
            guard let text = value?.text else { return false }
            return text.wholeMatch(
                of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)/)
                != nil
        }

        @Test("Alert rules list: groups, rules and alerts have what the list shows")
        func rulesList() async throws {
            let groups = try #require(try await data("GET", "/api/v1/rules")["groups"]?.items)
            // File and name together are the key of the list: no two members' groups fall together.
            let keys = groups.map { "\($0["file"]?.text ?? "") \($0["name"]?.text ?? "")" }
            #expect(Set(keys).count == 4)
            var states: Set<String> = []
            for group in groups {
                #expect(isNumber(group["interval"]) && isNumber(group["evaluationTime"]))
                #expect(isTime(group["lastEvaluation"]))
                for rule in try #require(group["rules"]?.items) {
                    #expect(rule["name"]?.text != nil && rule["query"]?.text != nil)
                    #expect(["ok", "err", "unknown"].contains(rule["health"]?.text))
                    #expect(isLabels(rule["labels"]))
                    #expect(isNumber(rule["evaluationTime"]) && isTime(rule["lastEvaluation"]))
                    switch rule["type"]?.text {
                    case "recording": #expect(rule["state"] == nil)
                    case "alerting":
                        let state = try #require(rule["state"]?.text)
                        states.insert(state)
                        #expect(isNumber(rule["duration"]) && isLabels(rule["annotations"]))
                        let alerts = try #require(rule["alerts"]?.items)
                        #expect(alerts.isEmpty == (state == "inactive"))
                        for alert in alerts { check(alert) }
                    case let other: Issue.record("a rule of type \(other ?? "nothing")")
                    }
                }
            }
            #expect(states == ["inactive", "pending", "firing"])
            let broken = groups.flatMap { $0["rules"]?.items ?? [] }
                .filter { $0["name"]?.text == "Broken" }
            #expect(broken.count == 2)
            #expect(broken.allSatisfy { $0["health"]?.text == "err" && $0["lastError"] != nil })
        }

        @Test("Alert list panel: instances by label, with their state and since when")
        func alertList() async throws {
            let alerts = try #require(try await data("GET", "/api/v1/alerts")["alerts"]?.items)
            #expect(alerts.count >= 4)
            for alert in alerts { check(alert) }
        }

        private func check(_ alert: JSONValue) {
            #expect(isLabels(alert["labels"]) && isLabels(alert["annotations"]))
            #expect(["pending", "firing"].contains(alert["state"]?.text))
            #expect(isTime(alert["activeAt"]))
            #expect(alert["value"]?.text.flatMap { Double($0) } != nil)
        }

        @Test("Exemplars: labels before points, seconds as numbers, values as texts")
        func exemplars() async throws {
            // Whether there are any at all is asked in milliseconds.
            let probe = try await data(
                "GET", "/api/v1/query_exemplars",
                [("query", "test"), ("start", "1700000000000"), ("end", "1700000300000")])
            #expect(probe == .array([]))
            for method in ["GET", "POST"] {
                let series = try #require(
                    try await data(
                        method, "/api/v1/query_exemplars",
                        [
                            ("query", "sum by (code) (rate(orders_total[1m0s]))"),
                            ("start", "1699999999.003"), ("end", "1700000300.9999999"),
                        ]
                    ).items)
                #expect(series.count == 4)
                var times: [String] = []
                for one in series {
                    guard case .object(let parts) = one else {
                        Issue.record("no series: \(one)")
                        continue
                    }
                    #expect(parts.map(\.key) == ["seriesLabels", "exemplars"])
                    #expect(isLabels(one["seriesLabels"]))
                    for exemplar in try #require(one["exemplars"]?.items) {
                        guard case .string(let value)? = exemplar["value"],
                            case .number(let time)? = exemplar["timestamp"]
                        else {
                            Issue.record("no exemplar: \(exemplar)")
                            continue
                        }
                        #expect(Double(value) != nil && isLabels(exemplar["labels"]))
                        times.append(time)
                    }
                }
                #expect(
                    times.sorted() == Array(repeating: "1700000000.500", count: 2)
                        + Array(repeating: "1700000001", count: 2))
            }
        }

        @Test("Annotations: the alerts of all members as ranges")
        func annotations() async throws {
            let now = Date().timeIntervalSince1970.rounded(.down)
            let frames = try #require(
                try await data(
                    "POST", "/api/v1/query_range",
                    [
                        ("query", "ALERTS{alertstate=\"firing\",project=~\"(a|b)\"}"),
                        ("start", "\(Int(now) - 600)"), ("end", "\(Int(now) + 5)"), ("step", "5"),
                    ])["result"]?.items)
            // Titles are made of labels: {{project}} is one of them.
            #expect(Set(frames.compactMap { $0["metric"]?["project"]?.text }) == ["a", "b"])
            for frame in frames {
                #expect(frame["metric"]?["alertname"]?.text == "Gone")
                #expect(frame["values"]?.items?.isEmpty == false)
            }
        }
    }
}
