import Foundation
import GoText
import PromQLScripts
import RealServers
import Testing
import TimeSeries

/// Answers of real servers, which the tests and the fuzzing of the readers of answers begin with.
@Suite("Recorded answers")
struct RecordedAnswersTests {
    /// A directory to write them to; `scripts/record-answers` names the one of the fixtures.
    private static let target = ProcessInfo.processInfo.environment["TRIBUTARY_RECORD_ANSWERS"]
    private static let fixtures = Repository.root + "/Tests/PrometheusWireTests/Answers"

    @Test("Each answer that the recorder takes from real servers is among the fixtures, and small")
    func fixturesAreThose() async throws {
        let answers = try await offPool { try Self.record() }
        if let target = Self.target {
            for (name, body) in answers {
                try Data(body).write(to: URL(fileURLWithPath: "\(target)/\(name).json"))
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures)
        #expect(Set(names) == Set(answers.keys.map { $0 + ".json" }), "run scripts/record-answers")
        var total = 0
        for (name, body) in answers {
            #expect(body.count < 50_000, "\(name)")
            total += body.count
        }
        #expect(total < 500_000)
    }

    /// By name, without the ending.
    private static func record() throws -> [String: [UInt8]] {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-answers-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let floats = try SeriesNotation.series(floats, from: start)
        let histograms = try SeriesNotation.series(histograms, from: start)
        let custom = try SeriesNotation.series(custom, from: start)
        var answers: [String: [UInt8]] = [:]
        func ask(_ server: String, _ address: HTTPAddress, _ requests: [Request]) throws {
            for request in requests {
                answers["\(server)-\(request.name)"] =
                    try address.post(request.question.path, request.parameters).body
            }
        }
        let servers: [(String, PrometheusVersion, [SampleSeries])] = [
            ("prometheus-3", .three, floats + histograms + custom),
            ("prometheus-2", .two, floats + histograms),
        ]
        for (name, version, series) in servers {
            let server = try PrometheusServer(
                name: name, version: version, directory: directory, options: RemoteWriter.options)
            defer { server.process.stop() }
            try RemoteWriter(server.address).write(series)
            try ask(name, server.address, ofFloats + ofHistograms)
        }
        let server = try VictoriaMetricsServer(
            name: "victoriametrics", openMetrics: "", directory: directory)
        defer { server.process.stop() }
        try RemoteWriter(server.address).write(floats)
        _ = try server.address.get("/internal/force_flush")
        try ask("victoriametrics", server.address, ofFloats)
        return answers
    }

    // MARK: - Data

    private static let start: Timestamp = 1_700_000_000_000

    private static let floats = #"""
        up{job="api",instance="h1:9"} 1x20
        up{job="api",instance="h2:9"} 1 0 1 0 stale _ _ 1x10
        odd{kind="infinite"} Inf -Inf Inf 5 Inf
        odd{kind="nan"} NaN 1 NaN 2 3
        odd{kind="tiny"} 1e-7 -1e-300 5e-324 0.000001 0.1
        odd{kind="huge"} 1e21 123456789012345678 -1.7976931348623157e308 1e20 4
        odd{kind="zero"} 0 -0 0 1 -0
        odd{kind="é<&>\"\\",project="own",exported_project="deep"} 0.1 0.2 0.30000000000000004 4 5
        requests_total{code="200",path="/a b/ü"} 0+7.25x20
        requests_total{code="500",path="/"} 0+1x6 0+1x12
        """#

    private static let histograms = """
        native{job="a"} {{schema:3 sum:5.5 count:12 z_bucket:2 z_bucket_w:0.001 buckets:[1 2 3] n_buckets:[4]}}+{{schema:3 sum:1 count:3 buckets:[1 1 1]}}x20
        native{job="b"} {{schema:8 sum:5 count:5 buckets:[1 0 1 2 1] offset:-300}}x10 {{schema:-4 sum:3 count:3 buckets:[2 1]}}x8
        native{job="empty"} {{}}x20
        native{job="mixed"} 1 {{schema:0 sum:1 count:1 buckets:[1]}} 3 {{schema:0 sum:-2 count:2 buckets:[2]}} stale
        native{job="parts"} {{schema:1 sum:0.5 count:0.75 buckets:[0.25 0.5] offset:2046}}x20
        """

    private static let custom = """
        native{job="custom"} {{schema:-53 sum:9 count:6 custom_values:[0.1 2 5] buckets:[1 2 2 1]}}x20
        native{job="sparse"} {{schema:-53 sum:9 count:3 custom_values:[-1 2 5] buckets:[1 0 2]}}x20
        """

    // MARK: - Requests

    private struct Request {
        var name: String
        var question: QueryCase
        var more: [(String, String)] = []

        var parameters: [(String, String)] { question.parameters + more }
    }

    private static func instant(
        _ name: String, _ query: String, _ more: [(String, String)] = []
    ) -> Request {
        Request(
            name: name, question: QueryCase(query: query, times: .instant(start + 95_500)),
            more: more)
    }

    private static func range(
        _ name: String, _ query: String, step: Milliseconds = 30_000,
        _ more: [(String, String)] = []
    ) -> Request {
        Request(
            name: name,
            question: QueryCase(
                query: query,
                times: .range(start: start, end: start + 600_000, step: step)),
            more: more)
    }

    private static let ofFloats = [
        instant("vector", #"{__name__=~"up|odd"}"#),
        instant("empty", "nothing"),
        instant("scalar", "scalar(up) / 3"),
        instant("string", #""a\"b\\ é<&>""#),
        instant("error", "sum("),
        instant("samples", "odd[5m]"),
        instant("stats", "rate(requests_total[2m])", [("stats", "all")]),
        instant("warning", "quantile(2, up)"),
        range("matrix", #"{__name__=~"up|odd"}"#),
        range("rates", "rate(requests_total[97s])", step: 13_700),
        range("many-to-many", "up + on (job) up"),
        range("stats-range", "sum by (code) (increase(requests_total[2m]))", [("stats", "all")]),
    ]

    private static let ofHistograms = [
        instant("histograms", "native"),
        instant("histogram-samples", "native[3m]"),
        instant("histogram-rates", "rate(native[2m])"),
        range("histogram-matrix", "native"),
        range("histogram-sum", "sum(rate(native[2m]))"),
        range("histogram-quantile", "histogram_quantile(0.9, native)"),
    ]
}
