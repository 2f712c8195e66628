import Foundation

/// Where the Prometheus that the tests run is not the one whose wire is the contract: it is 3.5,
/// the contract is 3.14. Each difference has a name, a reason, and the answer that is right.
struct WireDeviation: Sendable {
    var name: String
    var reason: String
    var applies: @Sendable (WireRequest) -> Bool
    /// The right answer, from that of 3.5.
    var corrected: @Sendable (WireAnswer) -> WireAnswer
    /// The order of elements means nothing here.
    var anyOrder = false

    static let all = rules + fixed

    // MARK: - Rules

    private static let rules = [
        WireDeviation(
            name: "made labels have an order of their own",
            reason: "vectors have no order; the gateway gives label order, after relabelling",
            applies: {
                let query = $0.value("query")
                return $0.endpoint == "query"
                    && ["label_join(up,", "count_values("].contains { query.hasPrefix($0) }
            },
            corrected: { $0 }, anyOrder: true),
        WireDeviation(
            name: "two series that match alike are named in order",
            reason: "3.5 names them as it met them",
            applies: { $0.value("query").contains("requests_total") },
            corrected: { answer in
                var answer = answer
                answer.text.replace(/\[(\{[^}]*\}), (\{[^}]*\})\];many-to-many/) { match in
                    let pair = [match.output.1, match.output.2].map(String.init).sorted()
                    return "[\(pair[0]), \(pair[1])];many-to-many"
                }
                return answer
            }),
        WireDeviation(
            name: "series cannot be deleted there",
            reason: "3.5 still registers DELETE, only to refuse it",
            applies: { $0.line == "PUT series" },
            corrected: { answer in
                var answer = answer
                answer.headers = answer.headers.map {
                    $0 == "allow: DELETE, GET, OPTIONS, POST" ? "allow: GET, OPTIONS, POST" : $0
                }
                return answer
            }),
        WireDeviation(
            name: "a slash too many leads to the same endpoint",
            reason: "3.5 forgets the prefix of the API and leads to a page for people",
            applies: { $0.line == "GET query/" },
            corrected: { answer in
                var answer = answer.replacing("\"/query\"", with: "\"/api/v1/query\"")
                answer.headers = answer.headers.map {
                    $0 == "location: /query" ? "location: /api/v1/query" : $0
                }
                return answer
            }),
    ]

    // MARK: - Answers

    private static let fixed: [WireDeviation] = [
        group(
            "letters are not guessed", "3.5 forgets the prefix here too",
            [("GET Query", .plain(404, "404 page not found\n"))]),
        group(
            "durations are expressions", "3.5 has them as an experiment, with other words",
            [
                (
                    "GET query | query=up[5m:x]",
                    .query("1:7: parse error: unexpected character: 'x', expected ':'")
                ),
                (
                    "GET query | query=up offset",
                    .query(
                        "1:10: parse error: unexpected end of input in offset, "
                            + "expected number, duration, step(), or range()")
                ),
                (
                    "GET query | query=up offset x",
                    .query(
                        #"1:11: parse error: unexpected identifier \"x\" in offset, "#
                            + "expected number, duration, step(), or range()")
                ),
            ]),
        group(
            "a name of any letters stands alone in its braces", "3.5 writes it as __name__",
            [
                (
                    "GET format_query | query={\"my.metric\"}",
                    .success(#""{\"my.metric\"}""#)
                )
            ]),
        group(
            "selectors have more to tell", "3.5 knows no smoothed windows",
            [
                (
                    "GET parse_query | query=up",
                    .success(
                        #"{"anchored":false,"matchers":[{"name":"__name__","type":"=","#
                            + #""value":"up"}],"name":"up","offset":0,"offsetExpr":null,"#
                            + #""smoothed":false,"startOrEnd":null,"timestamp":null,"#
                            + #""type":"vectorSelector"}"#)
                )
            ]),
        group(
            "entries are not without end", "3.5 takes any limit",
            [("GET status/tsdb | limit=10001", .bad("limit must not exceed 10000"))]),
        group(
            "paths newer than 3.5", "it does not know them",
            [
                ("GET scrape_pools/config", .bad("no scrapePool parameter provided")),
                ("GET scrape_pools/config | scrapePool=x", .noPool),
                ("POST scrape_pools/config", .notAllowed),
                ("GET targets/relabel_steps", .bad("no scrapePool parameter provided")),
                (
                    "GET targets/relabel_steps | scrapePool=x",
                    .bad("no labels parameter provided")
                ),
                ("GET targets/relabel_steps | scrapePool=x | labels={}", .noPool),
                (
                    "POST search/metric_names | sort_by=x",
                    .bad(
                        #"invalid sort_by \"x\" for metric_names: must be \"alpha\" or \"score\""#)
                ),
                (
                    "GET search/label_values",
                    .bad(#"missing required parameter \"label\""#)
                ),
                (
                    "POST otlp/v1/metrics |",
                    .plain(
                        404,
                        "otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n")
                ),
            ]),
    ].flatMap { $0 }

    private static func group(
        _ name: String, _ reason: String, _ answers: [(String, WireAnswer)]
    ) -> [WireDeviation] {
        answers.map { line, answer in
            WireDeviation(
                name: "\(name): \(line)", reason: reason, applies: { $0.line == line },
                corrected: { _ in answer })
        }
    }
}

extension WireAnswer {
    fileprivate static func success(_ data: String) -> WireAnswer {
        WireAnswer(
            status: 200, headers: ["content-type: application/json"],
            text: #"{"status":"success","data":\#(data)}"#)
    }

    fileprivate static func bad(_ text: String) -> WireAnswer {
        WireAnswer(
            status: 400, headers: ["content-type: application/json"],
            text: #"{"status":"error","errorType":"bad_data","error":"\#(text)"}"#)
    }

    fileprivate static func query(_ text: String) -> WireAnswer {
        bad(#"invalid parameter \"query\": \#(text)"#)
    }

    fileprivate static let noPool = bad(
        #"error retrieving scrape config: scrape pool \"x\" not found"#)

    fileprivate static let notAllowed: WireAnswer = {
        var answer = plain(405, "Method Not Allowed\n")
        answer.headers.insert("allow: GET, OPTIONS", at: 1)
        return answer
    }()

    fileprivate static func plain(_ status: Int, _ text: String) -> WireAnswer {
        WireAnswer(
            status: status,
            headers: [
                "content-type: text/plain; charset=utf-8", "x-content-type-options: nosniff",
            ],
            text: text)
    }
}
