import GatewayConfiguration
import QueryLint
import Testing

@Suite struct QueryLintTests {
    private let linter = QueryLinter(members: ["a", "b", "c"])

    private func lint(_ text: String, isRange: Bool = false) -> LintResult {
        linter.lint(LintedQuery(place: "", written: text, text: text, isRange: isRange))
    }

    @Test(
        arguments: [
            ("1 + 1", .constant, "none"), ("rate(x[5m])", .pushedDown, "is missing"),
            ("sum by (project) (x)", .pushedDown, "is missing"),
            ("sum(rate(x[5m]))", .combined, "computed without it"),
            (
                "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))", .combined,
                "computed without it"
            ),
            ("quantile(0.9, x)", .fetched, "computed without it"), ("sum(", .refused, "none"),
        ] as [(String, LintResult.PlanClass, String)])
    func `An expression has a class and an effect of a missing member`(
        text: String, planClass: LintResult.PlanClass, missing: String
    ) {
        let result = lint(text)
        #expect(result.planClass == planClass)
        #expect(result.missing == missing)
        #expect((result.failure != nil) == (planClass == .refused))
    }

    @Test func `What is fetched whole is told, and how it would be computed by members`() {
        let result = lint("quantile by (job) (0.9, rate(x[5m]))", isRange: true)
        #expect(result.fetched == ["rate(x[5m])"])
        #expect(result.findings.map(\.reason) == ["quantile cannot be split exactly"])
        #expect(
            result.findings.first?.hint
                == "if one value for each project will do, write "
                + "quantile by (project, job) (0.9, rate(x[5m]))")
    }

    @Test func `A join without the partition label is told how to have it`() {
        let result = lint("a / on (job) b")
        #expect(
            result.findings.first?.hint
                == "if what is matched is always of one project, write a / on (project, job) b")
        let ignoring = lint("a / ignoring (project, x) b")
        #expect(ignoring.findings.first?.hint?.hasSuffix("write a / ignoring (x) b") == true)
    }

    @Test func `Every hint that rewrites an expression is pushed down when it is followed`() {
        for text in ["quantile(0.9, x)", "a / on (job) b", "count_values(\"v\", x)"] {
            let hint = lint(text).findings.first?.hint ?? ""
            let parts = hint.split(separator: "write ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            #expect(lint(String(parts[1])).planClass == .pushedDown, "\(hint)")
        }
    }

    @Test func `Causes are told before what follows from them`() {
        let result = lint("1 + quantile(0.9, x) > 2 * quantile(0.5, y)")
        let consequences = result.findings.map { $0.reason.hasSuffix("is known only here") }
        #expect(consequences.contains(true) && consequences.contains(false))
        #expect(consequences == consequences.sorted { !$0 && $1 })
    }

    @Test func `What a missing member may make false is named`() {
        let result = lint("absent(up{job=\"x\"})")
        #expect(result.missing == "could be wrong")
        #expect(result.couldBeWrongBy == "absent()")
    }

    @Test func `The members of a configuration have their labels`() throws {
        let configuration = try Configuration.parse(
            """
            projects:
              - {name: one, prometheus: {url: http://a}, labels: {region: eu}}
              - {name: two, prometheus: {url: http://b}, labels: {region: us}}
              - {name: all, memberProjects: [one, two]}
            """, path: "c.yaml")
        let own = try #require(QueryLinter(configuration, project: "all"))
        let text = "quantile by (region) (0.5, x)"
        let query = LintedQuery(place: "", written: text, text: text, isRange: false)
        #expect(own.lint(query).planClass == .pushedDown, "region tells the members apart")
        #expect(linter.lint(query).planClass == .fetched)
        #expect(QueryLinter(configuration, project: "none") == nil)
    }

    // MARK: - Files

    private func queries(_ text: String) throws -> [LintedQuery] { try QueryFile(text).queries }

    @Test func `Rules are read with their lines, also out of a PrometheusRule`() throws {
        let groups = """
            groups:
              - name: g
                rules:
                  - alert: High
                    expr: up == 0
                  - {record: "a:b", expr: sum(x)}
            """
        let found = try queries(groups)
        #expect(found.map(\.place) == ["group g, alert High", "group g, record a:b"])
        #expect(found.map(\.line) == [5, 6])
        #expect(found.map(\.text) == ["up == 0", "sum(x)"])
        #expect(found.allSatisfy { !$0.isRange })
        let resource =
            "spec:\n" + groups.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        #expect(try queries(resource).map(\.text) == ["up == 0", "sum(x)"])
    }

    private func dashboard(_ targets: String, _ variables: String = "") -> String {
        #"{"panels":[{"title":"P","targets":[\#(targets)]}],"templating":{"list":[\#(variables)]}}"#
    }

    @Test
    func `Queries of a dashboard are those of panels, folded rows, variables and annotations`()
        throws
    {
        let text = #"""
            {"dashboard":{"annotations":{"list":[{"name":"deploys","expr":"changes(x[5m])"}]},
            "templating":{"list":[{"name":"job","type":"query","query":{"query":"label_values(up{a=\"b\"}, job)"}},
            {"name":"top","type":"query","query":"query_result(topk(3, y))"}]},
            "panels":[{"title":"One","targets":[{"refId":"A","expr":"a"},{"refId":"B","expr":"b","instant":true}]},
            {"type":"row","panels":[{"id":7,"targets":[{"refId":"A","expr":"c"},
            {"refId":"L","datasource":{"type":"loki"},"expr":"{x=\"y\"}"},{"refId":"E","expr":""}]}]}]}}
            """#
        let file = try QueryFile(text)
        #expect(
            file.queries.map(\.text) == [
                "up{a=\"b\"}", "topk(3, y)", "changes(x[5m])", "a", "b", "c",
            ])
        #expect(file.queries.map(\.isRange) == [false, false, true, true, false, true])
        #expect(file.queries.last?.place == "panel \"#7\", query A")
        #expect(file.leftOut == 1)
    }

    @Test(arguments: [
        (#"rate(x{job=\"$job\"}[$__rate_interval])"#, #"rate(x{job=~".*"}[5m])"#),
        (#"x{job=~\"${job:regex}\", project=\"$project\"}"#, #"x{job=~".*", project=~".*"}"#),
        (
            #"x{a != \"$job\", b=~\"pre-$job\", c=\"plain\"}"#,
            #"x{a != "none", b=~"pre-.*", c="plain"}"#
        ),
        (#"sum by ($group) (x[[suffix]])"#, #"sum by (group) (x5)"#),
        (#"topk($n, x) offset $shift"#, #"topk(3, x) offset 5m"#),
        (#"avg_over_time(x[$range:$__interval])"#, #"avg_over_time(x[30m:1m])"#),
        (#"x > $__range_s"#, #"x > 3600"#),
        (
            #"label_replace(x, \"a\", \"$1\", \"b\", \"(.*)\")"#,
            #"label_replace(x, "a", "$1", "b", "(.*)")"#
        ),
        (#"$metric{le=\"0.5\"}"#, #"http_requests{le="0.5"}"#),
    ])
    func `Grafana's variables are replaced by what can be planned`(
        written: String, text: String
    ) throws {
        let variables = #"""
            {"name":"n","type":"custom","current":{"value":"3"}},
            {"name":"range","type":"interval","current":{"value":"30m"}},
            {"name":"metric","type":"textbox","current":{"value":"http_requests"}},
            {"name":"job","type":"query","query":"x","current":{"value":["$__all"]}}
            """#
        let queries = try queries(dashboard(#"{"expr":"\#(written)"}"#, variables))
        #expect(queries.map(\.text) == [text])
    }

    @Test(arguments: [
        ("{", "is not JSON"), ("groups: [", ": is not YAML"), ("a: b", "has no expressions"),
        ("{}", "has no expressions"), ("", "has no expressions"),
    ])
    func `A file without expressions is refused`(text: String, problem: String) {
        let refused = #expect(throws: QueryFile.Problem.self) { try QueryFile(text) }
        #expect(refused?.description.contains(problem) == true, "\(String(describing: refused))")
    }
}
