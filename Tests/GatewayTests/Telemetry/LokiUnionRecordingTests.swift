import Foundation
import GatewayConfiguration
import PrometheusServer
import TelemetryDoubles
import Testing

@testable import Gateway

/// What a real Loki answered that held the data of two members is what the gateway answers over them.
@Suite(.closesGateways) struct LokiUnionRecordingTests {
    /// Requests whose answers differ, by reason. All others are answered as recorded.
    private static let known: [(reason: String, ids: Set<String>)] = [
        (
            "a real Loki orders streams with lines of one time by a hash",
            [
                "log-tie-limit1-backward", "log-tie-limit1-forward", "log-tie-limit2-backward",
                "log-tie-limit2-forward", "log-tie-limit3-backward", "log-tie-limit3-forward",
                "log-tie-limit5-backward", "log-tie-limit5-forward", "log-tie-limit7-backward",
                "log-tie-limit7-forward", "log-long-range", "u-only-project-re",
            ]
        ),
        (
            "which of equal values is among the first is free",
            [
                "m-bottomk-instant", "m-bottomk-range", "m-topk-by-range", "m-topk-range",
                "um-topk-by-project-instant", "um-topk-by-project-range",
            ]
        ),
        (
            "stages cannot write or read the added label",
            [
                "log-json-expr-flat", "log-json-expr-cat", "u-labelfmt-flat", "u-labelfmt-cat",
                "u-linefmt-flat", "u-linefmt-cat", "u-json-project-flat", "u-json-project-cat",
                "um-label-replace-instant", "um-label-replace-instant-end",
                "um-label-replace-range",
            ]
        ),
        (
            "the samples of all members would have to be in one place",
            Set(
                ["quantile", "stddev", "stdvar", "first", "last"].flatMap {
                    ["m-unwrap-\($0)-instant", "m-unwrap-\($0)-range"]
                } + ["m-numbers-5s", "m-grid-quantile-off"])
        ),
        ("a default Loki has approx_topk switched off", ["m-approx-instant", "m-approx-range"]),
        (
            "a real Loki runs into its time limit",
            ["m-scalar-div-zero-instant", "m-scalar-div-zero-range"]
        ),
        (
            "a list without elements is a list",
            [
                "meta-values-none", "meta-values-none-query", "meta-values-detected",
                "meta-values-detected-query", "meta-labels-nothing", "meta-labels-old",
                "meta-values-old", "meta-values-badname",
            ]
        ),
        (
            "a real Loki estimates from its chunks, and sums of estimates are rounded twice",
            [
                "stats-api", "stats-all", "stats-project", "volumerange-api", "volumerange-all",
                "volumerange-limit0", "volumerange-limit3", "volumerange-targets",
                "volumerange-targets2", "volumerange-targetproject", "volumerange-agglabels",
                "volumerange-aggseries",
            ]
        ),
        (
            "the number of values is at least the largest of the members'",
            [
                "detfields-api", "detfields-shop", "detfields-meta", "detfields-logfmt",
                "detfields-limit",
            ]
        ),
        (
            "a real Loki names any of the series that have the error",
            ["err-unwrap-error", "err-json-error-metric"]
        ),
        (
            "the gateway says in words what methods are not allowed",
            ["err-put", "err-push-get", "err-delete-list"]
        ),
        ("the version is the gateway's", ["buildinfo"]),
    ]

    @Test func `every recorded request has the answer that was recorded`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        try await TelemetryScene.compare("loki-union", known: Self.known, atLeast: 480) {
            exchange in
            let answer = try await scene.replayed(exchange, below: "/p/all")
            var comparison = AnswerComparison(
                ignoredNames: ["stats", "__error_details__", "warnings"])
            comparison.areListsSets = ["series", "det", "pattern", "m", "u"].contains {
                exchange.id.hasPrefix($0)
            }
            return exchange.difference(from: answer, comparison).map {
                $0 + "\n" + String(decoding: answer.body.prefix(300), as: UTF8.self)
            }
        }
    }
}
