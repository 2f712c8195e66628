import GoText
import PromQL
import Testing

@Suite struct ResolutionTests {
    private let context = QueryContext(start: 50_000, end: 60_000, step: 5000)

    private func resolved(_ query: String) throws -> String {
        try parseExpression(query, options: .everything).resolved(in: context).description
    }

    @Test(arguments: [
        ("x[step()]", "x[5s]"), ("x[range()]", "x[10s]"), ("x[step()+1ms]", "x[5s1ms]"),
        ("x[1+(STep()-5)*2]", "x[1s]"), ("x[1h30m % 1h]", "x[30m]"),
        ("x[24m+((1.5*2m)+2m)]", "x[29m]"),
        ("x[2^3]", "x[8s]"), ("x[min_of(step()+1,1h)]", "x[6s]"), ("x[max_of(3s, 2s)]", "x[3s]"),
        ("x[0.0015 * 1]", "x[1ms]"), ("x[5m:step()]", "x[5m:5s]"), ("x[5m:0.0001]", "x[5m:]"),
        ("x[0+range():step()] offset -step()", "x[10s:5s] offset -5s"),
        ("x offset (-2 ^ 2)", "x offset -4s"), ("x offset step()*0", "x offset 5s * 0"),
        ("x offset (step() - 5)", "x"), ("x[5m] offset range()", "x[5m] offset 10s"),
        ("start() + end() + step() + range()", "50 + 60 + 5 + 10"), ("x @ start()", "x @ start()"),
        ("min_of(step(), 3)", "min_of(5, 3)"),
        ("sum(rate(x[step()])) + y offset step()", "sum(rate(x[5s])) + y offset 5s"),
        ("x[0.0001]", "x[0s]"),
    ])
    func givesDurationsTheirValues(query: String, text: String) throws {
        #expect(try resolved(query) == text)
    }

    @Test func stepsOfInstantQueriesAreZero() throws {
        let instant = QueryContext(start: 7000, end: 7000, step: 0)
        let expression = try parseExpression("x[step() + range() + 1] offset step()")
        #expect(try expression.resolved(in: instant).description == "x[1s]")
    }

    @Test(arguments: [
        ("x[step() - 5]", "2:12: duration must be greater than 0"),
        ("x[(1m - 1m)]", "3:10: duration must be greater than 0"),
        ("avg_over_time(x[5m:step() - 6])", "19:29: duration must be greater than 0"),
        ("x[(-1) ^ 0.5]", "3:12: duration is NaN or infinite"),
        ("x[2 ^ 9999]", "2:10: duration is NaN or infinite"),
        ("x offset (range() * 1e9)", "10:23: duration is out of range"),
        ("x[1h / (1h - 1h)]", "2:15: division by zero"),
        ("x offset (1h % (step() - 5))", "10:26: modulo by zero"),
        ("x[-step()]", "2:9: duration must be greater than 0"),
    ])
    func refusesDurationsWithoutValue(query: String, text: String) throws {
        let expression = try parseExpression(query)
        do throws(ParseError) {
            _ = try expression.resolved(in: context)
            Issue.record("\(query) resolves")
        } catch {
            #expect(error.description == text)
        }
    }

    @Test func fixesTimesOfTheQuery() throws {
        let query =
            "x @ start() + sum_over_time(y[5m] @ end()) + max_over_time(z[5m:] @ start())[1m:] @ 3"
        let expression = try parseExpression("(\(query.dropLast(9)))")
        #expect(
            expression.withAbsoluteAt(start: 1000, end: 2500).description
                == "(x @ 1.000 + sum_over_time(y[5m] @ 2.500) + max_over_time(z[5m:] @ 1.000))")
    }
}
