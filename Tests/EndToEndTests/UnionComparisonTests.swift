import Answers
import TestSupport
import Testing

/// A comparison that sees nothing proves nothing: each kind of difference is planted once.
struct UnionComparisonTests {
    private static func answer(
        _ series: [([String: String], [(String, String)])], type: String = "matrix"
    ) -> QueryAnswer {
        QueryAnswer(
            status: 200,
            outcome: .series(
                type: type,
                series.map { labels, points in
                    QueryAnswer.Series(
                        labels: labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
                        points: points.map { (time: $0.0, value: $0.1) })
                }))
    }

    private static let plain: [([String: String], [(String, String)])] = [
        (["a": "1"], [("10", "1.5"), ("20", "2")]), (["a": "2"], [("10", "NaN")]),
    ]

    @Test("Equal answers have no difference")
    func equal() {
        let answer = Self.answer(Self.plain)
        #expect(UnionComparison(query: "x").difference(gateway: answer, oracle: answer) == nil)
    }

    @Test("A value may be off by rounding only where the query adds or divides")
    func rounding() {
        let ours = Self.answer([([:], [("10", "0.30000000000000004")])])
        let theirs = Self.answer([([:], [("10", "0.3")])])
        let exact = UnionComparison(query: "max(x)")
        let rounded = UnionComparison(query: "sum(x)")
        #expect(exact.difference(gateway: ours, oracle: theirs) != nil)
        #expect(rounded.difference(gateway: ours, oracle: theirs) == nil)
        let wrong = Self.answer([([:], [("10", "0.3001")])])
        #expect(rounded.difference(gateway: wrong, oracle: theirs) != nil)
    }

    @Test("An infinity is near to itself alone, whatever the query computes")
    func infinities() {
        let infinite = Self.answer([([:], [("10", "+Inf")])])
        let comparison = UnionComparison(query: "sum(x)")
        for other in ["5", "1.7e+308", "-Inf", "NaN"] {
            let finite = Self.answer([([:], [("10", other)])])
            #expect(comparison.difference(gateway: infinite, oracle: finite) != nil)
            #expect(comparison.difference(gateway: finite, oracle: infinite) != nil)
        }
        #expect(comparison.difference(gateway: infinite, oracle: infinite) == nil)
    }

    @Test(
        "Every planted difference is found",
        arguments: [
            [(["a": "1"], [("10", "1.5"), ("20", "2")])],
            [(["a": "2"], [("10", "NaN")]), (["a": "1"], [("10", "1.5"), ("20", "2")])],
            [(["a": "1"], [("10", "1.5"), ("20", "2")]), (["b": "2"], [("10", "NaN")])],
            [(["a": "1"], [("10", "1.5"), ("20.1", "2")]), (["a": "2"], [("10", "NaN")])],
            [(["a": "1"], [("10", "1.5")]), (["a": "2"], [("10", "NaN")])],
            [(["a": "1"], [("10", "1.5"), ("20", "3")]), (["a": "2"], [("10", "NaN")])],
            [(["a": "1"], [("10", "1.5"), ("20", "2")]), (["a": "2"], [("10", "0")])],
        ] as [[([String: String], [(String, String)])]])
    func planted(changed: [([String: String], [(String, String)])]) {
        let difference = UnionComparison(query: "sum(x)")
            .difference(gateway: Self.answer(changed), oracle: Self.answer(Self.plain))
        #expect(difference != nil)
    }

    @Test("A refusal differs from an answer, and refusals differ by their kind")
    func refusals() {
        let comparison = UnionComparison(query: "x")
        let answer = Self.answer(Self.plain)
        let execution = QueryAnswer(status: 422, outcome: .error(type: "execution", text: "a"))
        let worded = QueryAnswer(status: 422, outcome: .error(type: "execution", text: "b"))
        let bad = QueryAnswer(status: 400, outcome: .error(type: "bad_data", text: "a"))
        #expect(comparison.difference(gateway: execution, oracle: answer) != nil)
        #expect(comparison.difference(gateway: answer, oracle: execution) != nil)
        #expect(comparison.difference(gateway: bad, oracle: execution) != nil)
        #expect(comparison.difference(gateway: worded, oracle: execution) == nil)
    }

    @Test("Averages are written as quotients, and nothing else is changed")
    func averages() {
        let rewritten = AverageRewriting.quotients(
            in: "avg_over_time(x[5m]) + avg by (a) (avg (y) * 2) > 1")
        let inner = "(sum (y) / count (y)) * 2"
        #expect(
            rewritten
                == "avg_over_time(x[5m]) + (sum by (a) (\(inner)) / count by (a) (\(inner))) > 1")
    }

    @Test("A failing query is shrunk to its cause")
    func shrinking() {
        let inner: QueryNode = "rate(\("m{x=\"y\"}[5m]" as QueryNode))"
        let cause: QueryNode = "topk(1, \(inner))"
        let query: QueryNode = "sum(\(cause)) + (\(inner))"
        let smallest = query.shrunk(attempts: 100) { $0.text.contains("topk") }
        #expect(smallest.text.hasPrefix("topk(1, "))
    }
}
