import LogQL
import Testing
import TimeSeries

/// What of a query for numbers is asked of members, and what is made of their answers.
@Suite struct MetricPlanTests {
    private static let scope = LogScope(members: [LogMember("prod-a"), LogMember("prod-b")])

    private func plan(_ text: String, in scope: LogScope = scope) throws -> MetricPlan {
        guard case .metric(let expression) = try LogQLQuery(text) else {
            throw Unplanned(text: text)
        }
        return try scope.plan(expression)
    }

    private struct Unplanned: Error { var text: String }

    /// The texts that the first member is asked, those whose series get the label with a plus.
    private func asked(_ text: String) throws -> [String] {
        try plan(text).fetches.filter { $0.member == 0 }
            .map { ($0.addsLabel ? "+" : "") + $0.text }
    }

    static let pushed: [(query: String, text: String)] = [
        (#"rate({app="x"}[1m])"#, #"rate({app="x"} [1m])"#),
        (#"rate({app="x"} | json [1m]) * 2 > 1"#, #"(rate({app="x"} | json [1m]) * 2) > 1"#),
        (
            #"sum by (project, level) (rate({app="x"}[1m]))"#,
            #"sum by (level) (rate({app="x"} [1m]))"#
        ),
        (#"sum without (pod) (rate({app="x"}[1m]))"#, #"sum without (pod) (rate({app="x"} [1m]))"#),
        (
            #"quantile_over_time(0.9, {app="x"} | json | unwrap d [5m]) by (app, project)"#,
            #"quantile_over_time(0.9, {app="x"} | json | unwrap d [5m]) by (app)"#
        ),
        (
            #"max_over_time({app="x"} | json | unwrap d [5m]) by (project)"#,
            #"max_over_time({app="x"} | json | unwrap d [5m]) by ()"#
        ),
        (
            #"rate({app="x"}[1m]) / rate({app="y"}[1m])"#,
            #"rate({app="x"} [1m]) / rate({app="y"} [1m])"#
        ),
        (
            #"rate({app="x"}[1m]) / on (project, pod) group_left (project, env) rate({app="y"}[1m])"#,
            #"rate({app="x"} [1m]) / on (pod) group_left (env) rate({app="y"} [1m])"#
        ),
        (
            #"topk by (project) (2, rate({app="x"}[1m]))"#,
            #"topk(2, rate({app="x"} [1m]))"#
        ),
        (
            #"label_replace(rate({app="x"}[1m]), "n", "$1", "pod", "(.*)")"#,
            #"label_replace(rate({app="x"} [1m]), "n", "$1", "pod", "(.*)")"#
        ),
    ]

    @Test(arguments: pushed)
    func `what keeps the label is the member's whole`(_ query: String, _ text: String) throws {
        let plan = try plan(query)
        #expect(plan.root == .merged(.union, [0, 1]))
        #expect(try asked(query) == ["+" + text])
    }

    static let split: [(query: String, texts: [String])] = [
        (#"sum by (level) (rate({app="x"}[1m]))"#, [#"+sum by (level) (rate({app="x"} [1m]))"#]),
        (#"count(rate({app="x"}[1m]))"#, [#"+count(rate({app="x"} [1m]))"#]),
        (#"topk(2, rate({app="x"}[1m]))"#, [#"+topk(2, rate({app="x"} [1m]))"#]),
        (#"approx_topk(2, rate({app="x"}[1m]))"#, [#"+topk(2, rate({app="x"} [1m]))"#]),
        (
            #"avg by (level) (rate({app="x"}[1m]))"#,
            [
                #"sum by (level) (rate({app="x"} [1m]))"#,
                #"count by (level) (rate({app="x"} [1m]))"#,
            ]
        ),
        (
            #"stddev(rate({app="x"}[1m]))"#,
            [
                #"count(rate({app="x"} [1m]))"#, #"avg(rate({app="x"} [1m]))"#,
                #"stdvar(rate({app="x"} [1m]))"#,
            ]
        ),
        (
            #"max_over_time({app="x"} | json | unwrap d [5m]) by (app)"#,
            [#"max_over_time({app="x"} | json | unwrap d [5m]) by (app)"#]
        ),
        (
            #"count_over_time({app="x"} | drop project [5m])"#,
            [#"count_over_time({app="x"} [5m])"#]
        ),
        (
            #"avg_over_time({app="x"} | json | unwrap v | h="a" [5m]) by (app)"#,
            [
                #"sum by (app) (sum_over_time({app="x"} | json | unwrap v | h="a" [5m]))"#,
                #"sum by (app) (count_over_time({app="x"} | json | (v >= 0 or v < 0) | h="a" [5m]))"#,
            ]
        ),
        (
            #"avg_over_time({app="x"} | logfmt | unwrap duration(d) [5m]) without (project)"#,
            [
                #"sum without (d) (sum_over_time({app="x"} | logfmt | unwrap duration(d) [5m]))"#,
                #"sum without (d) (count_over_time({app="x"} | logfmt | (d >= 0s or d < 0s) [5m]))"#,
            ]
        ),
        (
            #"avg_over_time({app="x"} | logfmt | keep size | unwrap bytes(size) [5m])"#,
            [
                #"sum without (size) (sum_over_time({app="x"} | logfmt | keep size | unwrap bytes(size) [5m]))"#,
                #"sum without (size) (count_over_time({app="x"} | logfmt | keep size | size >= 0B [5m]))"#,
            ]
        ),
        (
            #"sum(rate({app="x"}[1m])) / sum(rate({app="x"}[1m]))"#,
            [#"+sum(rate({app="x"} [1m]))"#]
        ),
        (
            #"rate({app="x"}[1m]) and on (app) rate({app="x"} | json [1m])"#,
            [#"+rate({app="x"} [1m])"#, #"+rate({app="x"} | json [1m])"#]
        ),
        (
            #"rate({app="x"}[1m]) / ignoring (project) rate({app="x"}[1m])"#,
            [#"+rate({app="x"} [1m])"#]
        ),
        (#"rate({app="x"}[1m]) or vector(0)"#, [#"+rate({app="x"} [1m])"#]),
        (
            #"absent_over_time({app="x", project=~".*"}[5m])"#,
            [#"absent_over_time({app="x"} [5m])"#]
        ),
        (#"sort_desc(rate({app="x"}[1m]))"#, [#"+rate({app="x"} [1m])"#]),
    ]

    @Test(arguments: split)
    func `what lacks the label is finished here`(_ query: String, _ texts: [String]) throws {
        #expect(try asked(query) == texts)
        #expect(try plan(query).root != .merged(.union, [0, 1]))
    }

    static let oneSided: [(op: String, texts: [String])] = [
        (
            "unless",
            [#"rate({app="x"} [1m])"#, #"rate({app="x"} [1m]) unless rate({app="y"} [1m])"#]
        ),
        ("or", [#"rate({app="x"} [1m])"#, #"rate({app="x"} [1m]) or rate({app="y"} [1m])"#]),
        ("and", [#"rate({app="x"} [1m]) and rate({app="y"} [1m])"#]),
        ("/", [#"rate({app="x"} [1m]) / rate({app="y"} [1m])"#]),
    ]

    @Test(arguments: oneSided)
    func `a member without one side answers what is left of an operation`(
        _ op: String, _ texts: [String]
    ) throws {
        let query = #"rate({app="x"}[1m]) \#(op) rate({app="y", project="prod-b"}[1m])"#
        #expect(try plan(query).fetches.map(\.text) == texts)
        let swapped = #"rate({app="y", project="prod-b"}[1m]) \#(op) rate({app="x"}[1m])"#
        #expect(try plan(swapped).fetches.map(\.member) == (op == "or" ? [0, 1] : [1]))
    }

    @Test(arguments: ["1 + 1", "vector(1) + vector(1)", "1 / 0", "vector(2) > 1"])
    func `constants ask no member`(_ query: String) throws {
        #expect(try plan(query).fetches.isEmpty)
    }

    @Test func `the health check of a dashboard has one element`() throws {
        let value = try plan("vector(1)+vector(1)").value(on: 1, of: [])
        #expect(value.map(\.values) == [[2]])
        #expect(value.map(\.labels) == [.empty])
        #expect(try !plan("vector(1)+vector(1)").isScalar)
        #expect(try plan("1 + 1").isScalar)
        #expect(try plan("1 + 1").value(on: 3, of: []).map(\.values) == [[2, 2, 2]])
    }

    @Test(arguments: [
        #"quantile_over_time(0.9, {app="x"} | unwrap d [5m]) by (app)"#,
        #"stddev_over_time({app="x"} | unwrap d [5m]) without (project)"#,
        #"first_over_time({app="x"} | drop project | unwrap d [5m])"#,
        #"rate_counter({app="x"} | keep app, c | unwrap c [5m])"#,
        #"avg_over_time({app="x"} | unwrap d | __error__="" [5m]) by (app)"#,
        #"avg_over_time({app="x"} | unwrap d | d > 5 [5m]) by (app)"#,
        #"1 + sum(last_over_time({app="x"} | unwrap d [5m]) by (app))"#,
    ])
    func `what needs all samples in one place is refused with advice`(_ query: String) throws {
        let error = #expect(throws: LogQLRefusal.self) { try plan(query) }
        #expect(error?.status == .unprocessable)
        #expect(error?.description.contains("project") == true)
        // Of one member the samples are in one place.
        let own = query.replacing(#"{app="x"}"#, with: #"{app="x", project="prod-b"}"#)
        #expect(try plan(own).fetches.map(\.member) == [1])
    }

    @Test func `an absence is that of every member`() throws {
        let plan = try plan(#"absent_over_time({app="x", pod=~"p.*", project="prod-a"}[5m])"#)
        let absent = LabelSet(["app": "x", "project": "prod-a"])
        let yes = [StepSeries(labels: .empty, values: [1, SampleValue.absent])]
        let value = try plan.value(on: 2, of: [yes])
        #expect(value.map(\.labels) == [absent])
        #expect(value.first?.hasValue(at: 0) == true)
        #expect(value.first?.hasValue(at: 1) == false)
        let nobody = try self.plan(#"absent_over_time({app="x", project="nobody"}[5m])"#)
        #expect(nobody.fetches.isEmpty)
        #expect(try nobody.value(on: 1, of: []).map(\.values) == [[1]])
    }

    static let effects: [(query: String, effect: MissingMemberEffect)] = [
        (#"rate({app="x"}[1m])"#, .subset),
        (#"sum(rate({app="x"}[1m]))"#, .incompleteAggregate),
        (#"avg by (app) (rate({app="x"}[1m]))"#, .incompleteAggregate),
        (#"rate({app="x", project="prod-b"}[1m])"#, .none),
        (#"vector(1)"#, .none),
        (#"absent_over_time({app="x"}[1m])"#, .mayBeWrong("absent_over_time")),
        (#"topk(1, sum by (app) (rate({app="x"}[1m])))"#, .mayBeWrong("topk")),
        (#"topk(1, rate({app="x"}[1m]))"#, .incompleteAggregate),
        (#"sum(rate({app="x"}[1m])) or vector(0)"#, .mayBeWrong("or")),
        (
            #"sum(rate({app="x"}[1m])) > 5"#,
            .mayBeWrong("> over values computed from fewer series")
        ),
        (#"sort(rate({app="x"}[1m]))"#, .subset),
    ]

    @Test(arguments: effects)
    func `a missing member does to the answer what the plan says`(
        _ query: String, _ effect: MissingMemberEffect
    ) throws {
        #expect(try plan(query).effect(ofMissing: [0]) == effect)
        #expect(try plan(query).effect(ofMissing: []) == .none)
    }

    @Test func `elements are ordered by labels, and by value behind sort`() throws {
        func series(_ app: String, _ value: Double) -> StepSeries {
            StepSeries(labels: LabelSet(["app": app]), values: [value])
        }
        let answers = [[series("b", 2), series("a", 9)], [series("c", 5), series("d", .nan)]]
        let query = #"rate({app=~".+"}[1m])"#
        let plain = try plan(query).value(on: 1, of: answers)
        #expect(plain.map { $0.labels["app"] } == ["a", "b", "c", "d"])
        #expect(plain.first?.labels["project"] == "prod-a")
        let ascending = try plan("sort(\(query))").value(on: 1, of: answers)
        #expect(ascending.map { $0.labels["app"] } == ["b", "c", "a", "d"])
        let descending = try plan("sort_desc(\(query))").value(on: 1, of: answers)
        #expect(descending.map { $0.labels["app"] } == ["a", "c", "b", "d"])
        let ranked = try plan("topk(2, \(query))").value(on: 1, of: answers)
        #expect(ranked.map { $0.labels["app"] } == ["a", "c"])
    }

    @Test func `matches that are not unique are an error of the query`() throws {
        func series(_ labels: [String: String]) -> StepSeries {
            StepSeries(labels: LabelSet(labels), values: [1])
        }
        let two = [series(["app": "x", "pod": "1"]), series(["app": "x", "pod": "2"])]
        let one = [series(["app": "x"])]
        let many = #"max by (app, pod) (rate({app="x"}[1m]))"#
        let single = #"max by (app) (rate({app="x"}[1m]))"#
        let toOne = try plan("\(many) / on (app) \(single)")
        #expect(throws: LogQLRefusal.self) { try toOne.value(on: 1, of: [two, [], one, []]) }
        let toMany = try plan("\(single) / on (app) \(many)")
        #expect(throws: LogQLRefusal.self) { try toMany.value(on: 1, of: [one, [], two, []]) }
        let grouped = try plan("\(many) / on (app) group_left () \(single)")
        #expect(try grouped.value(on: 1, of: [two, [], one, []]).count == 2)
    }

    @Test func `an approximate ranking is exact, and says so`() throws {
        #expect(try plan(#"approx_topk(2, rate({app="x"}[1m]))"#).notes.count == 1)
        #expect(try plan(#"topk(2, rate({app="x"}[1m]))"#).notes.isEmpty)
    }

    static let ranges: [(start: Int64, end: Int64, step: Int64, first: Int64, last: Int64)] = [
        (90, 90, 60, 60, 120), (120, 180, 60, 120, 180), (61, 179, 60, 60, 180),
        (-1, 1, 10, -10, 10), (-20, -11, 10, -20, -10), (0, 0, 7, 0, 0),
        (
            .min, .max, 1_000_000_007, Int64.min - Int64.min % 1_000_000_007,
            .max - .max % 1_000_000_007
        ),
    ]

    @Test(arguments: ranges)
    func `a range begins and ends at multiples of its step`(
        _ range: (start: Int64, end: Int64, step: Int64, first: Int64, last: Int64)
    ) {
        let aligned = StepAlignment.aligned(start: range.start, end: range.end, step: range.step)
        #expect(aligned.start == range.first)
        #expect(aligned.end == range.last)
    }
}
