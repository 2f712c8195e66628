import Foundation
import RealServers
import Testing

extension LiveMembers {
    /// A multi-cluster project shows the rules, alerts, targets and exemplars of all its members,
    /// and says whose each one is.
    struct LiveFederationTests {
        private static let names = ["a", "b"]

        /// The `data` of the whole project, and those of its members, asked one by one through the
        /// gateway, while neither changes.
        private func data(
            _ path: String, _ parameters: [(String, String)] = []
        ) async throws -> (all: JSONValue, each: [JSONValue]) {
            let scene = try LiveScene.required()
            return try await offPool {
                func data(_ project: String) throws -> JSONValue {
                    let answer = try scene.gateway.project(project).get(path, parameters)
                    #expect(answer.status == 200, "\(answer.text.prefix(300))")
                    let json = try answer.json()
                    #expect(json["warnings"] == nil)
                    return try #require(json["data"])
                }
                let (each, all) = try LiveScene.settled(
                    members: { try Self.names.map(data) }, gateway: { [try data("all")] })
                return (all[0], each)
            }
        }

        private func items(_ data: JSONValue, _ key: String) throws -> [JSONValue] {
            try #require(data[key]?.items)
        }

        @Test("Rule groups of all members, each under its project")
        func rules() async throws {
            let (all, each) = try await data("/api/v1/rules")
            let groups = try items(all, "groups")
            #expect(groups == (try each.flatMap { try items($0, "groups") }))
            #expect(
                groups.compactMap { $0["name"]?.text } == ["first", "second", "first", "second"])
            for (group, project) in zip(groups, ["a", "a", "b", "b"]) {
                #expect(group["file"]?.text?.hasPrefix("\(project)/") == true)
                let rules = try items(group, "rules")
                #expect(!rules.isEmpty)
                for rule in rules {
                    #expect(rule["labels"]?["project"]?.text == project)
                    for alert in rule["alerts"]?.items ?? [] {
                        #expect(alert["labels"]?["project"]?.text == project)
                    }
                }
            }
            // What was a label of the member is still there.
            let kept = try items(groups[3], "rules").first { $0["name"]?.text == "orders:kept" }
            #expect(kept?["labels"]?["exported_project"]?.text == "own")
        }

        @Test("Filters and pages of rules hold for the merged list")
        func filteredRules() async throws {
            let (records, _) = try await data(
                "/api/v1/rules", [("type", "record"), ("match[]", "{project=\"b\"}")])
            let group = try items(records, "groups")
            #expect(group.compactMap { $0["name"]?.text } == ["second"])
            #expect(group.first?["file"]?.text?.hasPrefix("b/") == true)

            let scene = try LiveScene.required()
            try await offPool {
                var seen: [String] = []
                var token: String?
                repeat {
                    var parameters = [("group_limit", "1"), ("exclude_alerts", "true")]
                    if let token { parameters.append(("group_next_token", token)) }
                    let json = try scene.gateway.project("all")
                        .get("/api/v1/rules", parameters).json()
                    let page = try #require(json["data"]?["groups"]?.items)
                    #expect(page.count == 1)
                    for group in page {
                        let project = group["file"]?.text?.prefix(1) ?? ""
                        seen.append("\(project) \(group["name"]?.text ?? "")")
                    }
                    token = json["data"]?["groupNextToken"]?.text
                } while token != nil && seen.count < 10
                #expect(seen == ["a first", "a second", "b first", "b second"])
            }
        }

        @Test("Alerts of all members, one after the other")
        func alerts() async throws {
            let (all, each) = try await data("/api/v1/alerts")
            let alerts = try items(all, "alerts")
            #expect(alerts == (try each.flatMap { try items($0, "alerts") }))
            func of(_ name: String) -> [String?] {
                alerts.filter { $0["labels"]?["alertname"]?.text == name }
                    .map { $0["labels"]?["project"]?.text }
            }
            #expect(of("Gone") == ["a", "b"])
            #expect(of("Waiting") == ["a", "b"])
            let own = alerts.compactMap { $0["labels"]?["exported_project"]?.text }
            #expect(own == ["own"])
        }

        @Test("Targets of all members, each pool under its project")
        func targets() async throws {
            let (all, each) = try await data("/api/v1/targets")
            let active = try items(all, "activeTargets")
            #expect(active == (try each.flatMap { try items($0, "activeTargets") }))
            #expect(
                active.compactMap { $0["scrapePool"]?.text }
                    == ["a/gone", "a/shop", "b/gone", "b/neighbour", "b/shop"])
            for target in active {
                let project = try #require(target["scrapePool"]?.text?.prefix(1))
                #expect(target["labels"]?["project"]?.text == String(project))
                #expect(target["discoveredLabels"]?["project"]?.text == String(project))
            }
            #expect(active.last?["labels"]?["exported_project"]?.text == "own")
            let pools = try await data("/api/v1/scrape_pools").all["scrapePools"]?.strings
            #expect(
                pools == [
                    "a/gone", "a/shop", "a/unwanted", "b/gone", "b/neighbour", "b/shop",
                    "b/unwanted",
                ])
            let one = try await data("/api/v1/targets", [("scrapePool", "b/neighbour")]).all
            #expect(try items(one, "activeTargets").count == 1)
            let told = try await data(
                "/api/v1/targets/metadata",
                [("metric", "orders"), ("match_target", "{project=\"b\"}")]
            ).all
            #expect(told.items?.count == 1)
            #expect(told.items?.first?["target"]?["exported_project"]?.text == "own")
        }

        @Test("Exemplars of all members")
        func exemplars() async throws {
            let window = [("start", "1"), ("end", "2000000000")]
            let (all, each) = try await data(
                "/api/v1/query_exemplars", [("query", "rate(orders_total[5m])")] + window)
            let series = try #require(all.items)
            #expect(series.count == 4)
            for one in each.flatMap({ $0.items ?? [] }) { #expect(series.contains(one)) }
            #expect(
                Set(series.compactMap { $0["seriesLabels"]?["project"]?.text }) == ["a", "b"])
            let (some, _) = try await data(
                "/api/v1/query_exemplars",
                [("query", "orders_total{project=\"b\",exported_project=\"own\"}")] + window)
            let traces = (some.items ?? []).flatMap { $0["exemplars"]?.items ?? [] }
                .compactMap { $0["labels"]?["trace_id"]?.text }
            #expect(traces == ["b1", "b2"])
        }

        @Test("Alertmanagers once, and the series of all heads")
        func status() async throws {
            let (managers, each) = try await data("/api/v1/alertmanagers")
            #expect(try items(managers, "activeAlertmanagers").count == 2)
            #expect(managers == each[0])
            let scene = try LiveScene.required()
            try await offPool {
                func series(_ server: HTTPAddress) throws -> Int? {
                    let json = try server.get("/api/v1/status/tsdb").json()
                    return json["data"]?["headStats"]?["numSeries"]?.text.flatMap { Int($0) }
                }
                let (theirs, ours) = try LiveScene.settled(
                    members: { [try series(scene.a.address), try series(scene.b.address)] },
                    gateway: { [try series(scene.gateway.project("all"))] })
                let sum = theirs.compactMap(\.self).reduce(0, +)
                #expect(sum > 0 && ours == [sum])
            }
        }

        @Test("A real Prometheus scrapes /federate, and then holds the series of all members")
        func federate() async throws {
            let scene = try LiveScene.required()
            try await offPool {
                func count(_ query: String) throws -> [String] {
                    let json = try scene.reader.address.get("/api/v1/query", [("query", query)])
                        .json()
                    return (json["data"]?["result"]?.items ?? []).map {
                        let labels = ($0["metric"]?["project"]?.text ?? "")
                        return "\(labels) \($0["value"]?.items?.last?.text ?? "")"
                    }.sorted()
                }
                try LiveScene.wait("the reader has not read everything") {
                    try count("count by (project) ({job=\"shop\",project!=\"\"})").count == 2
                        && count("ALERTS{alertname=\"Gone\"}").count == 2
                }
                #expect(try count("up{job=\"federate\"}") == [" 1"])
                #expect(try count("orders_total{code=\"500\"}") == ["a 6", "b 6"])
                #expect(try count("sum by (project) (orders_total)") == ["a 11", "b 11"])
                #expect(try count("orders_total{exported_project=\"own\",code=\"200\"}") == ["b 5"])
                #expect(try count("up{job=\"shop\"}") == ["a 1", "b 1"])
                #expect(try count("ALERTS{alertname=\"Gone\"}") == ["a 1", "b 1"])
                let problems = try scene.reader.address.get("/api/v1/targets").json()["data"]?[
                    "activeTargets"]?.items?.compactMap { $0["lastError"]?.text }
                #expect(problems == [""])
            }
        }
    }
}
