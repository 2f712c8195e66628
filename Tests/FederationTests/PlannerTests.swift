import Federation
import GatewayConfiguration
import GoText
import PromQL
import Testing
import TimeSeries

/// Plans over three members, `a`, `b` and `c`.
private func plan(_ query: String, exactness: Exactness = .twoStep) throws -> Plan {
    let expression = try parseExpression(query, options: .everything)
    return try Planner.plan(
        expression, on: StepGrid(start: 600_000, end: 1_200_000, step: 60_000),
        in: FederationScope(members: ["a", "b", "c"], exactness: exactness))
}

/// What is asked, member by member in the order first asked, as `member: text`.
private func asked(_ plan: Plan) -> [String] {
    plan.fetches.map { "\(["a", "b", "c"][$0.member]): \($0.text)" }
}

private func isUnion(_ plan: Plan) -> Bool {
    if case .union = plan.root { true } else { false }
}

@Suite struct PlannerTests {
    @Test(arguments: [
        // Query, what member a is asked.
        ("up", "up"),
        ("up{project=\"a\"}", "up"),
        ("{project=\"a\"}", "{__name__=~\".+\"}"),
        ("up{exported_project=\"x\"}", "up{project=\"x\"}"),
        ("up{exported_exported_project=\"x\"}", "up{exported_project=\"x\"}"),
        ("sum by (project) (rate(x[5m]))", "sum(rate(x[5m]))"),
        ("sum by (project, exported_project) (x)", "sum by (project) (x)"),
        ("avg without (instance) (x)", "avg without (instance) (x)"),
        ("sum by (project) (a) / sum by (project) (b)", "sum(a) / sum(b)"),
        ("a / on (instance, project) b", "a / on (instance) b"),
        (
            "a * ignoring (x) group_left (team, project) b",
            "a * ignoring (x) group_left (team) b"
        ),
        ("quantile by (project) (0.9, m)", "quantile(0.9, m)"),
        ("topk by (project) (3, m)", "topk(3, m)"),
        ("timestamp(m unless n{project=\"b\"})", "timestamp(+m)"),
        ("m > 2", "m > 2"),
        ("time() - m", "time() - m"),
        ("sum by (project) (max_over_time(m[10m:]))", "sum(max_over_time(m[10m:1m]))"),
        ("m @ end()", "m @ 1200.000"),
        ("m @ start()", "m @ 600.000"),
        (
            "label_replace(m, \"p2\", \"x-$1\", \"project\", \"(.*)\")",
            "label_replace(m, \"p2\", \"x-a\", \"__name__\", \".*\")"
        ),
        ("label_replace(m, \"p2\", \"$1\", \"project\", \"(z.*)\")", "+m"),
        (
            "label_replace(m, \"exported_project\", \"$1\", \"job\", \"(.*)\")",
            "label_replace(m, \"project\", \"$1\", \"job\", \"(.*)\")"
        ),
        ("count_values by (project) (\"v\", m)", "count_values(\"v\", m)"),
        ("a{project=\"a\"} or b{project=\"b\"}", "+a"),
        ("a unless b{project=\"b\"}", "+a"),
        ("timestamp(m)", "timestamp(m)"),
    ])
    func isPushedWhole(query: String, text: String) throws {
        let plan = try plan(query)
        #expect(isUnion(plan), "\(plan.root)")
        #expect(asked(plan).first == "a: \(text)")
    }

    @Test(arguments: [
        // Query, what member a is asked, in order.
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", ["sum(rate(a[5m]))", "sum(rate(b[5m]))"]),
        ("a / on (instance) b", ["a", "b"]),
        ("max(m) < 6", ["max(m)"]),
        ("quantile(0.9, m)", ["m"]),
        ("sum(absent(nope))", ["group(nope)"]),
        ("absent_over_time(nope[5m])", ["group(last_over_time(nope[5m]))"]),
        ("topk(3, sum by (job) (m))", ["sum by (job) (m)"]),
        ("topk(3, m)", ["topk(3, m)"]),
        ("max_over_time(sum(m)[1h:1m])", ["sum(m)"]),
        ("avg without (project) (m)", ["avg without () (m)", "count without () (m)"]),
        ("stddev(m)", ["count(m)", "avg(m)", "stdvar(m)"]),
        ("count by (job) (m)", ["count by (job) (m)"]),
        ("m > scalar(limit_b)", ["limit_b", "m"]),
        ("limit_ratio(0.5, m)", ["m"]),
        ("count_values(\"v\", m)", ["count_values(\"v\", m)"]),
        ("label_replace(m, \"project\", \"x\", \"job\", \"(.*)\")", ["m"]),
        ("label_join(m, \"x\", \"-\", \"project\", \"job\")", ["m"]),
        ("count by (__name__) ({project=\"a\"})", ["count by (__name__) ({__name__=~\".+\"})"]),
        ("sum(foo) + sum(foo)", ["sum(foo)"]),
        ("m or vector(0)", ["m"]),
        ("sort(m)", ["m"]),
    ])
    func isFinishedHere(query: String, texts: [String]) throws {
        let plan = try plan(query)
        #expect(!isUnion(plan), "\(plan.root)")
        #expect(asked(plan).filter { $0.hasPrefix("a: ") } == texts.map { "a: \($0)" })
    }

    @Test(arguments: ["1 + 1", "time()", "vector(1)", "pi() * 2", "\"text\"", "hour()"])
    func asksNobodyForConstants(query: String) throws {
        #expect(try plan(query).fetches.isEmpty)
    }

    @Test(arguments: [
        "up{project=\"zz\"}", "up{project=\"\"}", "sum(up{project!~\".+\"})",
        "absent(up{project=\"zz\"})", "up{project=\"a\"} and up{project=\"b\"}",
    ])
    func asksNobodyWhereNoMemberIsChosen(query: String) throws {
        #expect(try plan(query).fetches.isEmpty)
    }

    @Test(arguments: [
        ("up{project=\"b\"}", [1]), ("up{project!=\"b\"}", [0, 2]),
        ("up{project=~\"a|c\"}", [0, 2]), ("up{project=~\"A\"}", []),
        ("up{project!~\"a|b\"}", [2]), ("a{project=\"a\"} * on (job) b{project=\"b\"}", [0, 1]),
    ])
    func asksOnlyChosenMembers(query: String, members: [Int]) throws {
        #expect(try plan(query).membersAsked == Set(members))
    }

    @Test func fetchesInnerSeriesWhereExactnessIsStrict() throws {
        #expect(asked(try plan("sum(m)", exactness: .strict)).first == "a: m")
        #expect(asked(try plan("max(m)", exactness: .strict)).first == "a: max(m)")
    }

    // MARK: - Native histograms as they are stored

    /// The plan once these fetches of the first one have brought native histograms.
    private func plans(
        _ query: String, members: Set<Int>, histogramsFrom brought: Set<Int>
    ) throws -> (first: Plan, second: Plan) {
        var scope = FederationScope(
            members: ["a", "b", "c"], exactness: .strict)
        scope.stored.members = members
        let expression = try parseExpression(query, options: .everything)
        let grid = StepGrid(start: 600_000, end: 1_200_000, step: 60_000)
        let first = try Planner.plan(expression, on: grid, in: scope)
        scope.stored.fetches = Set(
            first.fetches.filter { $0.stopsAtHistograms && brought.contains($0.member) })
        return (first, try Planner.plan(expression, on: grid, in: scope))
    }

    private func stored(_ plan: Plan, of member: Int) -> [String] {
        plan.fetches.filter { $0.member == member }.map { fetch in
            guard case .stored(let selection) = fetch.form else { return fetch.text }
            return "\(fetch.text) \(selection.from)...\(selection.through)"
        }
    }

    @Test(arguments: [
        // Query, what remote read of member a is asked: lookback, windows, offsets, subqueries.
        ("sum(h)", ["h 300000...1200000"]),
        ("sum(h offset 1m)", ["h 240000...1140000"]),
        ("sum(h offset -1m)", ["h 360000...1260000"]),
        ("sum(h @ 500)", ["h 200000...500000"]),
        ("sum(h @ 500 offset 1m)", ["h 140000...440000"]),
        ("sum(rate(h[10m]))", ["h 0...1200000"]),
        ("sum(rate(h{project=\"a\"}[1m] offset 1m))", ["h 480000...1140000"]),
        ("sum(rate(h[1m] anchored))", ["h 240000...1200000"]),
        ("sum(rate(h[1m] smoothed))", ["h 240000...1500000"]),
        ("sum(h smoothed)", ["h 300000...1500000"]),
        ("sum(sum_over_time(h[10m:1m]))", ["h -240000...1200000"]),
        ("sum(sum_over_time(rate(h[1m])[10m:7m] offset 1m))", ["h -60000...840000"]),
        ("sum(h + on (project, job) g)", ["h 300000...1200000", "g 300000...1200000"]),
        ("sum(h) + sum(h)", ["h 300000...1200000"]),
        ("sum({exported_project=\"x\"})", ["{project=\"x\"} 300000...1200000"]),
    ])
    func readsWhatIsStoredOverTheTimesThatASelectorReads(query: String, texts: [String]) throws {
        let plan = try plans(query, members: [0, 1, 2], histogramsFrom: [0, 1, 2]).second
        #expect(stored(plan, of: 0) == texts)
    }

    @Test func readsWhatIsStoredOnlyWhereHistogramsCame() throws {
        let plan = try plans("sum(h)", members: [0, 1, 2], histogramsFrom: [1]).second
        #expect(stored(plan, of: 0) == ["h"])
        #expect(stored(plan, of: 1) == ["h 300000...1200000"])
        #expect(plan.effect(ofMissing: [0]) == .incompleteAggregate)
        #expect(plan.effect(ofMissing: [1]) == .incompleteAggregate)
    }

    @Test func leavesMembersWithoutRemoteReadToTheirJSON() throws {
        let plans = try plans("sum(h)", members: [0], histogramsFrom: [0, 1, 2])
        #expect(plans.first.fetches.map(\.stopsAtHistograms) == [true, false, false])
        #expect(stored(plans.second, of: 0) == ["h 300000...1200000"])
        #expect(stored(plans.second, of: 1) == ["h"])
        #expect(plans.second.notes.contains { $0.reason.contains("for want of remote read: b, c") })
    }

    @Test(arguments: [
        "h", "rate(h[5m])", "histogram_quantile(0.9, h)", "sum by (project) (h)",
        "topk(1, histogram_count(h))", "absent(h)", "count(h)",
    ])
    func leavesToTheMembersWhatOnlyTheyCompute(query: String) throws {
        var scope = FederationScope(members: ["a", "b"], exactness: .strict)
        scope.stored.members = [0, 1]
        let plan = try Planner.plan(
            parseExpression(query, options: .everything), on: .instant(600_000), in: scope)
        let isStopped = plan.fetches.contains { $0.stopsAtHistograms }
        #expect(isStopped == (query.hasPrefix("topk") || query.hasPrefix("count")))
        #expect(plan.fetches.allSatisfy { $0.form == .steps })
    }

    @Test func asksForASubqueryOverTheUnionOnItsOwnGrid() throws {
        let plan = try plan("max_over_time(sum(m)[10m:1m])")
        #expect(plan.leaves.first?.grid == StepGrid(start: 60_000, end: 1_200_000, step: 60_000))
    }

    @Test func saysWhyAPartWasNotPushedDown() throws {
        #expect(try plan("a / on (instance) b").notes.first?.reason.contains("match key") == true)
    }

    @Test func plansLongChainsInLinearTime() throws {
        let chain = (0..<300).map { "sum(m\($0))" }.joined(separator: " + ")
        #expect(try plan(chain).fetches.count == 900)
    }
}

@Suite struct MissingMemberEffectTests {
    @Test(arguments: [
        ("up", "is missing"), ("sum by (project) (up)", "is missing"),
        ("sum(up)", "computed without it"),
        ("avg(up)", "computed without it"), ("quantile(0.5, up)", "computed without it"),
        ("sum(a) / sum(b)", "computed without it"),
        ("absent(up)", "could be wrong"), ("absent_over_time(up[5m])", "could be wrong"),
        ("a unless on (job) b", "could be wrong"), ("scalar(up)", "could be wrong"),
        ("up or on () vector(0)", "could be wrong"), ("sum(a) or on () sum(b)", "could be wrong"),
        ("sum(up) > 3", "could be wrong"), ("sum(up) == bool 3", "could be wrong"),
        ("topk(1, sum by (job) (up))", "could be wrong"),
        ("bottomk(1, sum by (job) (up))", "could be wrong"),
        ("changes(sum(up)[10m:1m])", "could be wrong"),
        ("resets(sum(up)[10m:1m])", "could be wrong"),
        ("delta(sum(up)[10m:1m])", "could be wrong"), ("a and on (job) b", "is missing"),
        ("up > 3", "is missing"), ("1 + 1", "none"), ("group by (job) (up)", "is missing"),
        ("absent(up{project=\"b\"})", "none"),
    ])
    func isMarked(query: String, words: String) throws {
        #expect(try plan(query).effect(ofMissing: [0]).words == words)
    }

    @Test func isNothingWhenNobodyIsMissing() throws {
        #expect(try plan("absent(up)").effect(ofMissing: []) == .none)
    }
}

@Suite struct ExplainTests {
    @Test func showsOperatorsAboveWhatFeedsThem() throws {
        let tree = try plan("sum(up{project!=\"c\"}) / 2").explained(members: ["a", "b", "c"])
            .tree()
        #expect(
            tree == """
                binary /
                  sum
                    union  [600000…1200000 ms, every 60000 ms]
                      → a: sum(up)
                      → b: sum(up)
                  2
                """)
    }
}
