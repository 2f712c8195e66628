import TelemetryDoubles
import Testing

@Suite struct LokiRecordingTests {
    /// Requests whose answers differ, by reason. All others are answered as recorded.
    private static let known: [(reason: String, ids: [RecordedData.Part: Set<String>])] = [
        (
            "a real Loki names any of the series that have the error",
            .all(["err-json-error-metric", "err-unwrap-error"])
        ),
        ("which fields are the first is free", .all(["detfields-limit"])),
        (
            "which of equal values is among the first is free",
            [
                .memberA: [
                    "m-bottomk-instant", "m-bottomk-range", "m-topk-by-instant", "m-topk-instant",
                    "m-topk-range",
                ],
                .memberB: [
                    "m-bottomk-instant", "m-bottomk-range", "m-topk-by-range", "m-topk-instant",
                    "m-topk-range", "m-sort-instant", "m-sort-desc-instant",
                ],
                .union: [
                    "m-bottomk-instant", "m-bottomk-range", "m-topk-by-range", "m-topk-range",
                    "um-topk-by-project-instant", "um-topk-by-project-range",
                ],
            ]
        ),
        (
            "a real Loki orders streams with lines of one time by a hash",
            [
                .union: [
                    "log-tie-limit1-backward", "log-tie-limit1-forward", "log-tie-limit2-backward",
                    "log-tie-limit2-forward", "log-tie-limit3-backward", "log-tie-limit3-forward",
                    "log-tie-limit5-backward", "log-tie-limit5-forward", "log-tie-limit7-backward",
                    "log-tie-limit7-forward", "log-long-range", "u-drop-tie-cat",
                    "u-drop-tie-flat", "u-only-project-re",
                ]
            ]
        ),
        (
            "a real Loki estimates from its chunks, some of which it had twice",
            [
                .memberA: ["stats-all", "stats-api"],
                .memberB: [
                    "stats-all", "stats-api", "volume-agglabels", "volume-aggseries", "volume-all",
                    "volume-api", "volume-empty", "volume-limit0", "volume-limit3",
                    "volume-targets", "volume-targets2", "volumerange-agglabels",
                    "volumerange-aggseries", "volumerange-all", "volumerange-api",
                    "volumerange-empty", "volumerange-limit0", "volumerange-limit3",
                    "volumerange-targets", "volumerange-targets2",
                ],
                .union: ["stats-all", "stats-api", "stats-project"],
            ]
        ),
        ("the double tells no limits", [.memberA: ["drilldown-limits"]]),
    ]

    @Test(arguments: RecordedData.Part.allCases)
    func `the double of Loki answers as a real Loki was recorded`(
        _ part: RecordedData.Part
    ) throws {
        let loki = try RecordedData.loki()
        var excused = Self.known.reduce(into: Set<String>()) { $0.formUnion($1.ids[part] ?? []) }
        let recorded = try RecordedExchange.read("loki-\(part.rawValue)")
        for exchange in recorded {
            var comparison = AnswerComparison(ignoredNames: ["stats", "__error_details__"])
            let id = exchange.id
            comparison.areListsSets = ["series", "det", "pattern"].contains { id.hasPrefix($0) }
            let answer = loki.answer(exchange.request)
            guard let difference = exchange.difference(from: answer, comparison) else { continue }
            if excused.remove(id) == nil { Issue.record("\(part.rawValue) \(id): \(difference)") }
        }
        #expect(excused.isEmpty, "answered as recorded, and excused")
        #expect(recorded.count > 480)
    }
}

extension [RecordedData.Part: Set<String>] {
    fileprivate static func all(_ ids: Set<String>) -> Self {
        Dictionary(uniqueKeysWithValues: RecordedData.Part.allCases.map { ($0, ids) })
    }
}
