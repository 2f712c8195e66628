import LogQL
import Testing

/// What a real Loki answered to queries that it refuses, status 400.
@Suite struct ParseErrorTests {
    static let emptyCompatible =
        "parse error : queries require at least one regexp or equality matcher that does not have "
        + #"an empty-compatible value. For instance, app=~".*" does not meet this requirement, "#
        + #"but app=~".+" will"#

    static let recorded: [(query: String, error: String)] = [
        (
            #"{app="x""#,
            "parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,"
        ),
        ("{}", emptyCompatible),
        (#"{app=~".*"}"#, emptyCompatible),
        (#"{app=""}"#, emptyCompatible),
        (#"{app!="x"}"#, emptyCompatible),
        (#"{project=~".*"}"#, emptyCompatible),
        ("", "parse error : syntax error: unexpected $end"),
        (
            #"{app="x"} | nosuch"#,
            "parse error at line 1, col 19: syntax error: unexpected $end"
        ),
        (#"rate({app="x"})"#, "parse error at line 1, col 15: syntax error: unexpected )"),
        (
            #"{app="x"} |= x"#,
            "parse error at line 1, col 14: syntax error: unexpected IDENTIFIER, expecting STRING "
                + "or ip"
        ),
        (#"sum({app="x"})"#, "parse error at line 1, col 14: syntax error: unexpected )"),
        (
            #"{app="x"} | json | level"#,
            "parse error at line 1, col 25: syntax error: unexpected $end"
        ),
        (
            #"count_over_time({app="x"}[1m]"#,
            "parse error at line 1, col 30: syntax error: unexpected $end, expecting )"
        ),
        (#"{app="x"}[1m]"#, "parse error at line 0, col 10: syntax error: unexpected RANGE"),
        ("foo", "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER"),
        (
            #"{app="x"} | label_format a="#,
            "parse error at line 1, col 28: syntax error: unexpected $end, expecting IDENTIFIER "
                + "or STRING"
        ),
        (
            #"quantile_over_time({app="x"} | unwrap v [1m])"#,
            "parse error : parameter required for operation quantile_over_time"
        ),
        (
            #"sum by (a) (count_over_time({app="x"}[1m])) by (b)"#,
            "parse error at line 1, col 45: syntax error: unexpected by"
        ),
        (
            #"topk(0, count_over_time({app="x"}[1m]))"#,
            "parse error : invalid parameter (must be greater than 0) topk(0"
        ),
        (
            #"{app="x"} | regexp "(""#,
            "parse error : invalid regexp parser: error parsing regexp: missing closing ): `(`"
        ),
        (#"{app=~"("}"#, "parse error : error parsing regexp: missing closing ): `(`"),
        (
            #"{app="x"} | unwrap v"#,
            "parse error at line 1, col 13: syntax error: unexpected unwrap"
        ),
        (
            #"count_over_time({app="x"} | unwrap v [1m])"#,
            "parse error : invalid aggregation count_over_time with unwrap"
        ),
        (
            #"{app="x"} | line_format "{{.x""#,
            #"parse error : stage '| line_format "{{.x"' : invalid line template: template: "#
                + "line:1: unclosed action"
        ),
        (
            #"avg_over_time({app="x"}[1m])"#,
            "parse error : invalid aggregation avg_over_time without unwrap"
        ),
        (
            #"1 + {app="x"}"#,
            "parse error : unexpected type for right leg of binary operation (+): "
                + "*syntax.MatchersExpr"
        ),
        (
            "\n{app=\"x\"}\n  | jsn",
            "parse error at line 3, col 8: syntax error: unexpected $end"
        ),
        (
            #"sum_over_time({app="api"} | logfmt | unwrap v [2m]) by (h)"#,
            "parse error : grouping not allowed for sum_over_time aggregation"
        ),
        (
            #"count_over_time({app="api"}[2m]) by (level)"#,
            "parse error : grouping not allowed for count_over_time aggregation"
        ),
        (
            #"bytes_over_time({app="api"}[2m]) by (level)"#,
            "parse error : grouping not allowed for bytes_over_time aggregation"
        ),
        (
            #"absent_over_time({app="api"}[2m]) by (level)"#,
            "parse error : grouping not allowed for absent_over_time aggregation"
        ),
        (
            #"rate_counter({app="num"} | logfmt | unwrap c [5m]) by (app)"#,
            "parse error : grouping not allowed for rate_counter aggregation"
        ),
        (
            #"rate({app="api"} | logfmt | unwrap v [5m]) by (app)"#,
            "parse error : grouping not allowed for rate aggregation"
        ),
        (
            #"sum_over_time({app="api"} | logfmt | unwrap v [5m]) without (ts, msg, d, size, v)"#,
            "parse error : grouping not allowed for sum_over_time aggregation"
        ),
    ]

    @Test(arguments: recorded)
    func `is refused in the words of Loki`(_ query: String, _ error: String) {
        #expect(throws: LogQLError.self) { try LogQLQuery(query) }
        do {
            _ = try LogQLQuery(query)
        } catch {
            #expect(error.description == Self.recorded.first { $0.query == query }?.error)
        }
    }

    static let selectors: [(query: String, allowsEverything: Bool, error: String?)] = [
        (#"{app="x"} |= "a""#, true, "only label matchers are supported"),
        (#"count_over_time({app="x"}[1m])"#, true, "only label matchers are supported"),
        ("{}", false, emptyCompatible),
        ("{}", true, nil),
        (#"{app!="x"}"#, true, nil),
        (#"{app="x"}"#, false, nil),
        (
            #"{app="x""#, true,
            "parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,"
        ),
        ("", false, "parse error : syntax error: unexpected $end"),
    ]

    @Test(arguments: selectors)
    func `a list takes a selector and nothing else`(
        _ query: String, _ allowsEverything: Bool, _ error: String?
    ) {
        do {
            _ = try LogQLQuery.selector(query, allowsEverything: allowsEverything)
            #expect(error == nil)
        } catch let refused {
            #expect(refused.description == error)
        }
    }

    @Test(arguments: [
        (#"{app="x"} |= "a"#, "parse error at line 1, col 14: literal not terminated"),
        (
            #"rate({app="x"}[1q])"#,
            #"parse error at line 0, col 15: unknown unit "q" in duration "1q""#
        ),
        (#"rate({app="x"}[5m)"#, "parse error at line 0, col 15: missing closing ']' in duration"),
        (#"{app="\q"}"#, "parse error at line 1, col 6: invalid char escape"),
        (#"{app="x"} /* a"#, "parse error at line 1, col 11: comment not terminated"),
        (
            #"1 and rate({app="x"}[1m])"#,
            "parse error : unexpected literal for left leg of logical/set binary operation (and): "
                + "1.000000"
        ),
        (
            #"{app="x"} + 1"#,
            "parse error : unexpected type for left leg of binary operation (+): *syntax.MatchersExpr"
        ),
        (
            #"1 + {app="x"} | json"#,
            "parse error : unexpected type for right leg of binary operation (+): *syntax.PipelineExpr"
        ),
        (
            #"sum(2, rate({app="x"}[1m]))"#,
            "parse error : unsupported parameter for operation sum(2,"
        ),
    ])
    func `faults of words and types have their place`(_ query: String, _ error: String) {
        do {
            _ = try LogQLQuery(query)
            Issue.record("was not refused")
        } catch let refused {
            #expect(refused.description == error)
        }
    }

    @Test func `what is too long or too high is refused`() {
        let long = #"{app="x"} |= ""# + String(repeating: "a", count: 131_072) + "\""
        #expect(throws: LogQLError.self) { try LogQLQuery(long) }
        let high =
            String(repeating: "sum(", count: 200) + #"rate({a="b"}[1m])"#
            + String(repeating: ")", count: 200)
        #expect(throws: LogQLError.self) { try LogQLQuery(high) }
        let open = String(repeating: "(", count: 100_000)
        #expect(throws: LogQLError.self) { try LogQLQuery(open) }
        let wide = Array(repeating: "vector(1)", count: 5000).joined(separator: "+")
        #expect(throws: LogQLError.self) { try LogQLQuery(wide) }
        let filter = #"{a="b"} | "# + String(repeating: "(", count: 50_000)
        #expect(throws: LogQLError.self) { try LogQLQuery(filter) }
    }
}
