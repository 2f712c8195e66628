import GatewayConfiguration
import GoText
import PromQL
import PromQLEngine
import TestSupport
import Testing
import TimeSeries

@testable import Federation

/// Queries as high as the parser accepts, planned and judged.
@Suite struct DeepQueryTests {
    private static let grid = StepGrid(start: 600_000, end: 720_000, step: 60_000)

    private func check(_ query: DeepQuery, _ scope: FederationScope) throws {
        let expression = try parseExpression(query.text, options: .everything)
        let plan = try Planner.plan(expression, on: Self.grid, in: scope)
        #expect(plan.effect(ofMissing: []) == .none)
        let effect = plan.effect(ofMissing: plan.membersAsked)
        #expect((effect == .none) == plan.membersAsked.isEmpty)
        let part = try MissingMemberEffect.ofMissingSeries(expression, on: Self.grid, in: scope)
        #expect((part == .none) == plan.membersAsked.isEmpty)
        #expect(plan.explained(members: scope.members).text != "")
        let fetched = [FetchedValue](repeating: .nothing, count: plan.fetches.count)
        do throws(EvaluationError) {
            _ = try plan.evaluate(
                fetched: fetched, options: EngineOptions(),
                text: query.text)
        } catch {
            // `topk` of no number at all.
            #expect(error == .execution("Parameter value is NaN"))
        }
    }

    @Test(arguments: DeepQuery.all)
    func `The highest query of each shape is planned, and its effects known, on a small stack`(
        query: DeepQuery
    ) async {
        await DeepQuery.onSmallStack {
            for exactness in [Exactness.twoStep, .strict] {
                #expect(throws: Never.self) {
                    try check(query, FederationScope(members: ["a", "b"], exactness: exactness))
                }
            }
        }
    }
}
