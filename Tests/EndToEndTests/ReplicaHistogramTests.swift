import Answers
import Foundation
import GoText
import PromQLScripts
import RealServers
import TestSupport
import Testing
import TimeSeries

/// Native histograms of two real Prometheus servers that scrape the same targets.
@Suite(
    "End to end, native histograms of replicas", .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndReplicaHistograms {
    private static let start = HistogramScene.start
    private static let options =
        RemoteWriter.options + ["--enable-feature=promql-experimental-functions"]

    /// One for each replica.
    private static let holes: [ClosedRange<Milliseconds>] = [
        480_000...840_000, 1_380_000...1_680_000,
    ]

    private static let queries = [
        "latency", "sizes", "latency offset 7m", "rate(latency[10m])", "increase(latency[20m])",
        "histogram_quantile(0.9, rate(latency[10m]))", "histogram_count(latency)",
        "histogram_sum(increase(latency[10m]))", "sum by (job) (rate(latency[5m]))",
        "sum(latency)", "avg_over_time(latency[10m])", "last_over_time(sizes[5m])",
        "count_over_time(latency[15m])", "resets(latency[30m])", "octaves", "mixed",
        "histogram_avg(rate(octaves[10m]))", "irate(latency[5m])", "histogram_stddev(sizes)",
    ]

    @Test("Holes of native histograms are filled as those of floats are", arguments: [false, true])
    func holes(isRaw: Bool) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let all =
                    try HistogramData.series(0, seed: 1)
                    + SeriesNotation.series(
                        "up{job=\"api\",instance=\"a\"} 1x40\nup{job=\"db\",instance=\"b\"} 1x40",
                        from: Self.start)
                let replicas = try Self.holes.enumerated().map { number, hole in
                    try Self.server(
                        "replica\(number)", all.map { Self.without($0, hole) }, folder)
                }
                let oracle = try Self.server("oracle", all.map { Self.labelled($0) }, folder)
                var text = "query: {features: [promql-experimental-functions]}\n"
                text += "projects:\n  - name: pair\n    dedup: \(isRaw ? "raw" : "auto")\n"
                text += "    replicas:\n"
                for one in replicas {
                    text += "      - prometheus: {url: \"\(one.address.url)\"}\n"
                }
                let path = "\(folder)/gateway.yaml"
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                let (process, gateway) = try ChildProcess.gateway("gateway", over: path, in: folder)
                defer { process.stop() }
                for query in Self.queries {
                    let asked = [
                        ("query", query), ("start", "1700000000"), ("end", "1700002400"),
                        ("step", "30"),
                    ]
                    let expected = try QueryAnswer(
                        oracle.address.post("/api/v1/query_range", asked))
                    let answer = try QueryAnswer(gateway.post("/api/v1/query_range", asked))
                    let difference = AnswerComparison(query: query)
                        .difference(answer, from: expected)
                    #expect(difference == nil, "\(query): \(difference ?? "")")
                    guard case .series(_, let series) = expected.outcome else {
                        Issue.record("\(query): \(expected.summary)")
                        continue
                    }
                    #expect(!series.isEmpty, "\(query)")
                }
            }
        }
    }

    private static func server(
        _ name: String, _ series: [SampleSeries], _ folder: String
    ) throws -> PrometheusServer {
        let server = try PrometheusServer(name: name, directory: folder, options: options)
        try RemoteWriter(server.address).write(series)
        return server
    }

    /// Without the samples of a hole, which is given in milliseconds after the first ones.
    private static func without(
        _ series: SampleSeries, _ hole: ClosedRange<Milliseconds>
    ) -> SampleSeries {
        var left = SampleSeries(labels: series.labels)
        for (place, time) in series.times.enumerated() where !hole.contains(time - start) {
            left.histograms[left.times.count] = series.histograms[place]
            left.times.append(time)
            left.values.append(series.values[place])
        }
        return left
    }

    private static func labelled(_ series: SampleSeries) -> SampleSeries {
        var labelled = series
        labelled.labels = series.labels.setting("project", to: "pair")
        return labelled
    }
}
