import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import LokiWire

@Suite("Metric queries are read and written as Loki writes them")
struct RecordedMetricTests {
    private static let metrics = (Array(Recordings.union.values) + Array(Recordings.a.values))
        .filter {
            $0.status == 200 && ["query", "query_range"].contains($0.endpoint)
                && !$0.body.contains("\"resultType\":\"streams\"")
        }.sorted { $0.id < $1.id }

    @Test("There are some hundred of them")
    func count() { #expect(Self.metrics.count > 400) }

    @Test("What is read and written again is the same, byte for byte", arguments: metrics)
    func roundTrip(_ recording: Recording) throws {
        let isRange = recording.endpoint == "query_range"
        let grid =
            isRange
            ? try LogRangeParameters(recording.reader, now: Recordings.now).grid
            : try LogInstantParameters(recording.reader, now: Recordings.now).grid
        var reader = LokiAnswerReader(expecting: [.matrix, .vector, .scalar], on: grid)
        for piece in recording.bytes.split(every: 100) { try reader.append(piece) }
        let trailer = try reader.finish()
        let series = reader.takeSteps()
        let written =
            switch trailer.resultType {
            case .scalar: LogMetricAnswer.scalar(trailer.scalar ?? .nan, at: grid.start)
            case .vector: LogMetricAnswer.vector(series, at: grid.start)
            case .matrix, .streams: LogMetricAnswer.matrix(series, on: grid)
            }
        #expect(withoutStatistics(written) == withoutStatistics(recording.bytes))
        #expect(trailer.statistics != nil)
    }

    @Test(
        "Series of members that keep the partition label are those of the union, in order",
        arguments: [
            "m-count-instant", "m-count-range", "m-rate-range", "m-bytes-range",
            "m-rate-instant", "m-bytes-instant", "m-tie-instant", "m-tie-range",
        ])
    func perMember(_ id: String) throws {
        let union = try Recordings.union(id)
        let isRange = union.endpoint == "query_range"
        let grid =
            isRange
            ? try LogRangeParameters(union.reader, now: Recordings.now).grid
            : try LogInstantParameters(union.reader, now: Recordings.now).grid
        var series: [StepSeries] = []
        for (recording, injection) in zip(try Recordings.members(id), Recordings.injections) {
            var reader = LokiAnswerReader(on: grid)
            try reader.append(recording.bytes)
            _ = try reader.finish()
            for var one in reader.takeSteps() {
                one.labels = injection.injecting(into: one.labels)
                series.append(one)
            }
        }
        series.sort { $0.labels < $1.labels }
        let written =
            isRange
            ? LogMetricAnswer.matrix(series, on: grid)
            : LogMetricAnswer.vector(series, at: grid.start)
        #expect(withoutStatistics(written) == withoutStatistics(union.bytes))
    }

    @Test("A sample where no step was asked for is refused")
    func offGrid() throws {
        let recording = try Recordings.union("m-grid-off2")
        let bounds = LogBounds(start: Recordings.now, end: Recordings.now)
        var reader = LokiAnswerReader(on: bounds.aligned(to: 60_000))
        #expect(throws: LokiAnswerError.offGrid(1_795_734_060_000)) {
            try reader.append(recording.bytes)
        }
    }

    @Test("Statistics are added, the longest time counts, and rates are counted anew")
    func statistics() throws {
        func read(_ text: String) throws -> QueryStatistics {
            try #require(QueryStatistics(try JSONValue(parsing: Array(text.utf8))))
        }
        var sum = try read(
            #"{"summary":{"bytesProcessedPerSecond":1,"totalBytesProcessed":100,"#
                + #""execTime":0.5,"queueTime":0.1,"splits":1},"cache":{"chunk":{"n":1}},"#
                + #""index":{"usedBloomFilters":false}}"#)
        sum.add(
            try read(
                #"{"summary":{"bytesProcessedPerSecond":1,"totalBytesProcessed":50,"#
                    + #""execTime":0.25,"queueTime":0.2,"splits":2,"new":3},"#
                    + #""cache":{"chunk":{"n":2.5}},"index":{"usedBloomFilters":true}}"#))
        var out: [UInt8] = []
        sum.append(to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == #"{"summary":{"bytesProcessedPerSecond":300,"totalBytesProcessed":150,"#
                + #""execTime":0.5,"queueTime":0.2,"splits":3,"new":3},"#
                + #""cache":{"chunk":{"n":3.5}},"index":{"usedBloomFilters":true}}"#)
    }
}

extension Array {
    func split(every size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
