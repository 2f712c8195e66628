/// Where the Prometheus that the tests run is not the one whose wire is the contract: it is 2.42,
/// the contract is 3.14. Each difference has a name, a reason, and the answer that is right.
struct WireDeviation: Sendable {
    var name: String
    var reason: String
    var applies: @Sendable (WireRequest) -> Bool
    /// The right answer, from that of 2.42.
    var corrected: @Sendable (WireAnswer) -> WireAnswer
    /// The order of elements means nothing here.
    var anyOrder = false

    static let all = rules + fixed

    // MARK: - Rules

    private static let rules = [
        WireDeviation(
            name: "lower-case time errors",
            reason: "2.42 begins the inner text with a capital, 3.x does not",
            applies: { _ in true },
            corrected: { $0.replacing("Invalid time value for", with: "invalid time value for") }),
        WireDeviation(
            name: "nothing has no position",
            reason: "3.x gives an empty text no position, 2.42 its first column",
            applies: {
                ["query", "query_range", "format_query", "query_exemplars"].contains($0.endpoint)
                    && $0.value("query").isEmpty
            },
            corrected: {
                $0.replacing("1:1: parse error: no", with: "unknown position: parse error: no")
            }),
        WireDeviation(
            name: "an empty selector has no position",
            reason: "as above",
            applies: { $0.parameters.contains { $0.name == "match[]" && $0.value.isEmpty } },
            corrected: {
                $0.replacing(
                    "1:1: parse error: unexpected end of input",
                    with: "unknown position: parse error: unexpected end of input")
            }),
        WireDeviation(
            name: "range queries name the parameter",
            reason: "2.42 leaves `invalid parameter \"query\"` out for query_range only",
            applies: { $0.endpoint == "query_range" },
            corrected: { answer in
                for start in ["1:", "unknown position", "invalid expression type"] {
                    let found = "\"bad_data\",\"error\":\"\(start)"
                    let named = "\"bad_data\",\"error\":\"invalid parameter \\\"query\\\": \(start)"
                    if answer.text.contains(found) { return answer.replacing(found, with: named) }
                }
                return answer
            }),
        WireDeviation(
            name: "labels are not escaped for HTML",
            reason: "3.x writes label sets with an encoder of its own",
            applies: {
                ["query", "query_range", "series"].contains($0.endpoint)
                    && !$0.value("query").hasPrefix("\"")
            },
            corrected: { answer in
                guard answer.status == 200 else { return answer }
                return answer.replacing("\\u003c", with: "<").replacing("\\u003e", with: ">")
                    .replacing("\\u0026", with: "&").replacing("\\u2028", with: "\u{2028}")
            }),
        WireDeviation(
            name: "patterns are judged without anchors",
            reason: "2.42 compiles ^(?:…)$ and shows a part of that",
            applies: {
                $0.parameters.contains { parameter in
                    ["query", "match[]", "match_target"].contains(parameter.name)
                        && parameter.value.contains("job=~\"")
                }
            },
            corrected: { $0.replacing(")$`", with: "`") }),
        WireDeviation(
            name: "made labels have an order of their own",
            reason: "vectors have no order; the gateway gives label order, after relabelling",
            applies: { $0.value("query").hasPrefix("label_join(up, \"both\"") },
            corrected: { $0 }, anyOrder: true),
        WireDeviation(
            name: "write is refused in 3.x's words",
            reason: "the receiver was a feature flag in 2.42, and is an option of its own",
            applies: { $0.line == "POST write" },
            corrected: {
                $0.replacing("enable-feature=remote-write", with: "web.enable-remote-write")
            }),
        WireDeviation(
            name: "series cannot be deleted there",
            reason: "2.42 still registers DELETE, only to refuse it",
            applies: { $0.line == "PUT series" },
            corrected: { answer in
                var answer = answer
                answer.headers = answer.headers.map {
                    $0 == "allow: DELETE, GET, OPTIONS, POST" ? "allow: GET, OPTIONS, POST" : $0
                }
                return answer
            }),
        WireDeviation(
            name: "/federate says how it escapes names",
            reason: "there was nothing to escape before names were UTF-8",
            applies: { $0.endpoint == "/federate" || $0.target.hasPrefix("/federate?") },
            corrected: { answer in
                var answer = answer
                if answer.status != 200 { return answer }
                answer.headers = answer.headers.map {
                    $0.hasPrefix("content-type: ") ? $0 + "; escaping=underscores" : $0
                }
                return answer
            }),
        droppedTargets(are: "counted", ["", "any", "dropped"], as: "{}"),
        droppedTargets(are: "not counted", ["active", "x"], as: "null"),
        WireDeviation(
            name: "redirects have no page",
            reason: "the page about the move is for people; clients follow Location",
            applies: { $0.line == "GET query/" },
            corrected: { WireAnswer(status: $0.status, headers: [], text: "") }),
    ]

    private static func droppedTargets(
        are state: String, _ states: [String], as counts: String
    ) -> WireDeviation {
        WireDeviation(
            name: "dropped targets are \(state)",
            reason: "3.x counts them by pool, if it was asked for them",
            applies: {
                $0.endpoint == "targets" && $0.method == "GET"
                    && states.contains($0.value("state").lowercased())
            },
            corrected: {
                $0.replacing(
                    "\"droppedTargets\":[]}",
                    with: "\"droppedTargets\":[],\"droppedTargetCounts\":\(counts)}")
            })
    }

    // MARK: - Answers

    private static let fixed: [WireDeviation] = [
        group(
            "numbers are durations", "3.x takes seconds wherever it takes a duration",
            [
                ("GET query | query=nope[5] | time=1700000300", .matrix("")),
                ("GET query | query=5m | time=1700000300", .scalar("1700000300", "300")),
                (
                    "GET query | query=up[x]",
                    .query("1:4: parse error: unexpected character in duration expression: 'x'")
                ),
                (
                    "GET query | query=up[0]",
                    .query("1:4: parse error: duration must be greater than 0")
                ),
                (
                    "GET query | query=up[-5m]",
                    .query("1:4: parse error: duration must be greater than 0")
                ),
                (
                    "GET query | query=up[5m:x]",
                    .query("1:7: parse error: unexpected character: 'x', expected ':'")
                ),
                (
                    "GET query | query=up[5m:-1m]",
                    .query("1:7: parse error: duration must be greater than 0")
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
                (
                    "GET query | query=1.2.3",
                    .query(#"1:1: parse error: bad number or duration syntax: \"1.2.\""#)
                ),
                (
                    "GET query | query=1e",
                    .query(#"1:1: parse error: bad number or duration syntax: \"1e\""#)
                ),
            ]),
        group(
            "any text is a label name", "names are UTF-8 since 3.0",
            ["a-b", "1a", "a.b", "%C3%A9", "a b"].map {
                ("GET label/\($0)/values", .success("[]"))
            }),
        group(
            "holt_winters has another name", "double_exponential_smoothing, and experimental",
            [
                (
                    "GET query | query=holt_winters(up[5m], 2, 0.5) | time=1700000300",
                    .query(#"1:1: parse error: unknown function with name \"holt_winters\""#)
                )
            ]),
        group(
            "paths are not tidied", "no client depends on being sent elsewhere",
            ["GET label//values", "GET Query", "GET //api/v1"].map { ($0, .pageNotFound) }),
        group(
            "parameters newer than 2.42", "it ignores them",
            [
                ("GET metadata | limit_per_metric=x", .bad("limit_per_metric must be a number")),
                ("GET query | query=up | limit=x", .limit(.syntax("x"))),
                ("GET query | query=up | limit=-1", .limit("limit must be non-negative")),
                ("GET query | query=up | limit=1.5", .limit(.syntax("1.5"))),
                (
                    "GET query | query=up | limit=99999999999999999999",
                    .limit(
                        #"strconv.Atoi: parsing \"99999999999999999999\": value out of range"#)
                ),
                (
                    "GET query | query=up | lookback_delta=x",
                    .bad(
                        "error parsing lookback delta duration: "
                            + #"cannot parse \"x\" to a valid duration"#)
                ),
                (
                    "GET query_range | query=up | start=1 | end=2 | step=1 | limit=x",
                    .limit(.syntax("x"))
                ),
                (
                    "GET query_range | query=up | start=x | end=2 | step=1 | limit=x",
                    .limit(.syntax("x"))
                ),
                (
                    "GET query_range | query=up | start=1 | end=2 | step=1 | lookback_delta=1.5h",
                    .bad(
                        "error parsing lookback delta duration: "
                            + #"cannot parse \"1.5h\" to a valid duration"#)
                ),
                ("GET labels | limit=x", .limit(.syntax("x"))),
                ("GET label/job/values | limit=-5", .limit("limit must be non-negative")),
                ("GET series | match[]=up | limit=x", .limit(.syntax("x"))),
                ("GET rules | exclude_alerts=x", .parameter("exclude_alerts", .noBool)),
                (
                    "GET rules | group_limit=x",
                    .groupLimit("a valid number: " + .noInteger("x", "invalid syntax"))
                ),
                (
                    "GET rules | group_limit=99999999999",
                    .groupLimit(
                        "a valid number: " + .noInteger("99999999999", "value out of range"))
                ),
                ("GET rules | group_limit=0", .groupLimit("greater than 0")),
                ("GET rules | group_limit=-1", .groupLimit("greater than 0")),
                (
                    "GET rules | group_next_token=x",
                    .parameter(
                        "group_next_token",
                        "group_limit needs to be present in order to paginate over the groups")
                ),
                (
                    "GET rules | group_limit=1 | group_next_token=x",
                    .parameter(
                        "group_next_token",
                        "invalid group_next_token 'x'. were rule groups changed?")
                ),
                (
                    "GET rules | match[]={",
                    .bad("1:2: parse error: unexpected end of input inside braces")
                ),
                (
                    "GET rules | match[]={}",
                    .bad("match[] must contain at least one non-empty matcher")
                ),
                (
                    "RAW GET /api/v1/rules?type=alert&%zz",
                    .bad(#"error parsing form values: invalid URL escape \"%zz\""#)
                ),
                ("GET status/tsdb | limit=x", .bad("limit must be a positive number")),
                ("GET status/tsdb | limit=0", .bad("limit must be a positive number")),
                ("GET status/tsdb | limit=10001", .bad("limit must not exceed 10000")),
                (
                    "GET parse_query",
                    .query("unknown position: parse error: no expression found in input")
                ),
                (
                    "GET parse_query | query=up{",
                    .query("1:4: parse error: unexpected end of input inside braces")
                ),
            ]),
        group(
            "paths newer than 2.42", "it does not know them",
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
                ("POST search/metric_names |", .noSearch),
                ("GET search/label_values", .noSearch),
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

    fileprivate static func matrix(_ elements: String) -> WireAnswer {
        success(#"{"resultType":"matrix","result":[\#(elements)]}"#)
    }

    fileprivate static func scalar(_ time: String, _ value: String) -> WireAnswer {
        success(#"{"resultType":"scalar","result":[\#(time),"\#(value)"]}"#)
    }

    fileprivate static func bad(_ text: String) -> WireAnswer {
        WireAnswer(
            status: 400, headers: ["content-type: application/json"],
            text: #"{"status":"error","errorType":"bad_data","error":"\#(text)"}"#)
    }

    fileprivate static func query(_ text: String) -> WireAnswer {
        bad(#"invalid parameter \"query\": \#(text)"#)
    }

    fileprivate static func limit(_ text: String) -> WireAnswer {
        bad(#"invalid parameter \"limit\": \#(text)"#)
    }

    fileprivate static func parameter(_ name: String, _ text: String) -> WireAnswer {
        bad(#"invalid parameter \"\#(name)\": \#(text)"#)
    }

    fileprivate static func groupLimit(_ text: String) -> WireAnswer {
        parameter("group_limit", "group_limit needs to be \(text)")
    }

    fileprivate static let noPool = bad(
        #"error retrieving scrape config: scrape pool \"x\" not found"#)

    fileprivate static let noSearch = WireAnswer(
        status: 500, headers: ["content-type: application/json"],
        text: #"{"status":"error","errorType":"unavailable","error":"search API disabled"}"#)

    fileprivate static let notAllowed: WireAnswer = {
        var answer = plain(405, "Method Not Allowed\n")
        answer.headers.insert("allow: GET, OPTIONS", at: 1)
        return answer
    }()

    fileprivate static let pageNotFound = plain(404, "404 page not found\n")

    fileprivate static func plain(_ status: Int, _ text: String) -> WireAnswer {
        WireAnswer(
            status: status,
            headers: [
                "content-type: text/plain; charset=utf-8", "x-content-type-options: nosniff",
            ],
            text: text)
    }
}

extension String {
    fileprivate static func syntax(_ text: String) -> String {
        #"strconv.Atoi: parsing \"\#(text)\": invalid syntax"#
    }

    fileprivate static let noBool =
        #"error converting exclude_alerts: strconv.ParseBool: parsing \"x\": invalid syntax"#

    fileprivate static func noInteger(_ text: String, _ cause: String) -> String {
        #"strconv.ParseInt: parsing \"\#(text)\": \#(cause)"#
    }
}
