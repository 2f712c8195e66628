import TelemetryDoubles
import Testing

@Suite struct TempoRecordingTests {
    private static let comparison = AnswerComparison(
        ignoredNames: ["metrics", "exemplars", "schemaUrl"], areListsSets: true)

    /// Requests whose answers differ, by reason. All others are answered as recorded.
    private static let known: [(reason: String, ids: Set<String>, parts: [RecordedData.Part])] = [
        (
            "the double does not know these",
            [
                "mrange-quantile", "minst-quantile", "mrange-histogram", "minst-histogram",
                "mrange-compare", "minst-compare", "search-proto", "trace-llm-v1",
                "trace-llm-v2",
            ], RecordedData.Part.allCases
        ),
        ("the double does not know these", ["mrange-u-quantile", "minst-u-quantile"], [.union]),
        (
            "a real Tempo was recorded with the largest value in place of the sum",
            ["mrange-sum", "minst-sum"], RecordedData.Part.allCases
        ),
        (
            "which names and values are the first is free", ["tags-v2-limit", "values-v2-limit"],
            RecordedData.Part.allCases
        ),
        ("which traces are found first is free", ["search-structural-child"], [.memberB]),
        (
            "no times are named, and the clock decides", ["mrange-since", "minst-since"],
            RecordedData.Part.allCases
        ),
        (
            "a real Tempo tells the name that a query asks for, though no span has the value",
            ["tags-v2-q"], [.memberA]
        ),
        (
            "a real Tempo tells one group where spans of two have the same IDs",
            ["search-u-by"], [.union]
        ),
        (
            "a real Tempo gives the server its own ID where client and server share one",
            [
                "trace-cross-v1-default", "trace-cross-v1-json", "trace-cross-v1-proto",
                "trace-cross-v2-default", "trace-cross-v2-json", "trace-cross-v2-proto",
                "trace-range-v1", "trace-range-v2", "trace-range-onlystart-v1",
                "trace-range-onlystart-v2",
            ], [.union]
        ),
    ]

    @Test(arguments: RecordedData.Part.allCases)
    func `the double of Tempo answers as a real Tempo was recorded`(
        _ part: RecordedData.Part
    ) throws {
        let tempo = try RecordedData.tempo()
        let recorded = try RecordedExchange.read("tempo-\(part.rawValue)")
        var excused = Self.known.reduce(into: Set<String>()) { excused, known in
            if known.parts.contains(part) { excused.formUnion(known.ids) }
        }
        for exchange in recorded {
            let answer = tempo.answer(exchange.request)
            guard let difference = Self.difference(exchange, answer) else { continue }
            if excused.remove(exchange.id) == nil {
                Issue.record("\(part.rawValue) \(exchange.id): \(difference)")
            }
        }
        #expect(excused.isEmpty, "answered as recorded, and excused")
        #expect(recorded.count > 280)
    }

    private static func difference(
        _ exchange: RecordedExchange, _ answer: DoubleAnswer
    ) -> String? {
        guard let recorded = exchange.answer, recorded.type == "application/protobuf",
            answer.type == recorded.type
        else { return exchange.difference(from: answer, comparison) }
        let shape =
            exchange.request.path.hasPrefix("/api/v2/") ? TraceProtobuf.answer : .trace
        guard let given = shape.node(answer.body), let wanted = shape.node(recorded.body) else {
            return "no message"
        }
        return comparison.difference(given, wanted, at: "")
    }
}
