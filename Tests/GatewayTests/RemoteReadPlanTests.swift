import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import Federation
@testable import Gateway

@Suite struct RemoteReadPlanTests {
    private typealias Matcher = RemoteReadRequest.Matcher

    private static func plan(_ selectors: [[Matcher]]) throws -> RemoteReadPlan {
        try RemoteReadPlan(
            selectors.map { .init(start: 1, end: 2, matchers: $0) }, members: ["a", "b"],
            SelectorRewriting(partition: PartitionLabel()))
    }

    @Test("Each member is sent the queries that choose it, in its own names")
    func parts() throws {
        let plan = try Self.plan([
            [.init("project", .equal, "a"), .init("__name__", .equal, "up")],
            [.init("exported_project", .notEqual, "x"), .init("project", .regexMatch, ".*")],
            [.init("project", .notEqual, "a")], [.init("project", .equal, "")], [],
        ])
        #expect(plan.parts.map(\.member) == [0, 1])
        #expect(plan.parts.map(\.numbers) == [[0, 1, 4], [1, 2, 4]])
        #expect(
            plan.parts[0].queries.map(\.matchers) == [
                [.init("__name__", .equal, "up")], [.init("project", .notEqual, "x")], [],
            ])
        // Without any matcher a server would give nothing.
        #expect(plan.parts[1].queries[1].matchers == [.init("__name__", .regexMatch, ".*")])
    }

    @Test("Nobody is asked what chooses nobody")
    func nobody() throws {
        #expect(try Self.plan([[.init("project", .equal, "c")]]).parts.isEmpty)
        #expect(try Self.plan([]).parts.isEmpty)
    }

    @Test("Hints name labels as the member does")
    func hints() throws {
        var query = RemoteReadRequest.Query(start: 1, end: 2, matchers: [])
        query.hints = RemoteReadRequest.Hints()
        query.hints?.grouping = ["job", "project", "exported_project"]
        let plan = try RemoteReadPlan(
            [query], members: ["a"], SelectorRewriting(partition: PartitionLabel()))
        #expect(plan.parts[0].queries[0].hints?.grouping == ["job", "project"])
    }

    @Test("A wrong expression is refused even where it would choose nobody")
    func expressions() {
        #expect(throws: RemoteReadPlan.InvalidExpression.self) {
            try Self.plan([[.init("project", .equal, "c"), .init("job", .regexMatch, "(")]])
        }
    }
}
