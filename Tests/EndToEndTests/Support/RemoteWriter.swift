import GoText
import PromQLScripts
import PromQLTest
import RealServers
import TestSupport
import TimeSeries

@testable import PrometheusWire

/// Writes series into a real Prometheus through its remote-write receiver, which is the one way to
/// put native histograms of any shape into it. The server needs the options `options`.
///
/// A storage that is empty takes samples of any time in the past. After the first ones it takes no
/// samples older than an hour before its newest, so all series are written together, in the order
/// of time.
struct RemoteWriter {
    /// What the server must be started with.
    static let options = [
        "--web.enable-remote-write-receiver", "--enable-feature=native-histograms",
    ]
    /// What the samples of one request span at most.
    private static let span: Milliseconds = 1_800_000

    let server: HTTPAddress

    init(_ server: HTTPAddress) { self.server = server }

    /// Writes all samples; throws what the server said where it refuses some.
    func write(_ series: [SampleSeries]) throws {
        var places: [(time: Timestamp, series: Int, sample: Int)] = []
        for (number, one) in series.enumerated() {
            for sample in one.times.indices { places.append((one.times[sample], number, sample)) }
        }
        places.sort { ($0.time, $0.series) < ($1.time, $1.series) }
        var request = RemoteWriteRequest()
        var begin = places.first?.time ?? .epoch
        for place in places {
            let one = series[place.series]
            let histogram = one.histograms[place.sample]
            // The server takes all floats of a request before its histograms.
            let isAfterHistograms = histogram == nil && request.hasHistograms(of: place.series)
            if place.time - begin > Self.span || isAfterHistograms {
                try send(request)
                request = RemoteWriteRequest()
                begin = place.time
            }
            if let histogram {
                request.add(histogram, at: place.time, series: place.series, one.labels)
            } else {
                request.add(
                    one.values[place.sample], at: place.time, series: place.series, one.labels)
            }
        }
        try send(request)
    }

    private func send(_ request: RemoteWriteRequest) throws {
        let answer = try server.post(
            "/api/v1/write", body: try SnappyBlock.compress(request.message),
            headers: [
                ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
                ("X-Prometheus-Remote-Write-Version", "0.1.0"),
            ])
        guard answer.status / 100 == 2 else {
            throw TestFailure("remote write: \(answer.status) \(answer.text)")
        }
    }
}

/// Series as the scripts of the Prometheus project write them.
enum SeriesNotation {
    /// - Parameter text: one series a line, such as `name{a="b"} 1+1x40 _ {{count:3 …}} stale`.
    /// - Parameter start: milliseconds; the samples are `step` apart.
    static func series(
        _ text: String, from start: Timestamp, step: String = "30s"
    ) throws -> [SampleSeries] {
        let lines = text.split(separator: "\n").map { "  \($0)\n" }.joined()
        let script = try PromQLScript(parsing: "load \(step)\n\(lines)")
        return script.commands.flatMap { command -> [SampleSeries] in
            guard case .load(let load) = command else { return [] }
            return load.series().map { one in
                var moved = one
                moved.times = one.times.map { start + ($0 - .epoch) }
                return moved
            }
        }
    }
}

/// The message `prometheus.WriteRequest` of remote write 1.0.
struct RemoteWriteRequest {
    private struct Series {
        var labels: LabelSet
        var floats: [UInt8] = []
        var histograms: [UInt8] = []
    }

    private var series: [Int: Series] = [:]

    /// - Parameter number: says which series it is.
    mutating func add(_ value: Double, at time: Timestamp, series number: Int, _ labels: LabelSet) {
        var sample: [UInt8] = []
        sample.append(1, double: value)
        WireWriter.append(2, varint: UInt64(bitPattern: time.milliseconds), to: &sample)
        WireWriter.append(
            2, bytes: sample, to: &series[number, default: .init(labels: labels)].floats)
    }

    mutating func add(
        _ histogram: FloatHistogram, at time: Timestamp, series number: Int, _ labels: LabelSet
    ) {
        WireWriter.append(
            4, bytes: Self.message(histogram, at: time),
            to: &series[number, default: .init(labels: labels)].histograms)
    }

    func hasHistograms(of number: Int) -> Bool { series[number]?.histograms.isEmpty == false }

    var message: [UInt8] {
        var out: [UInt8] = []
        for (_, one) in series.sorted(by: { $0.key < $1.key }) {
            var body: [UInt8] = []
            for pair in one.labels.pairs {
                var label: [UInt8] = []
                WireWriter.append(1, text: pair.name, to: &label)
                WireWriter.append(2, text: pair.value, to: &label)
                WireWriter.append(1, bytes: label, to: &body)
            }
            WireWriter.append(1, bytes: body + one.floats + one.histograms, to: &out)
        }
        return out
    }

    /// With whole numbers as clients send them, where all counts are such; else with floats.
    private static func message(_ histogram: FloatHistogram, at time: Timestamp) -> [UInt8] {
        let counts =
            [histogram.count, histogram.zeroCount] + histogram.positiveBuckets
            + histogram.negativeBuckets
        let isWhole = counts.allSatisfy { UInt64(exactly: $0) != nil }
        var out: [UInt8] = []
        out.append(1, count: histogram.count, isWhole)
        out.append(3, double: histogram.sum)
        WireWriter.append(4, varint: zigzag(Int64(histogram.schema)), to: &out)
        out.append(5, double: histogram.zeroThreshold)
        out.append(6, count: histogram.zeroCount, isWhole)
        append(histogram.negativeSpans, histogram.negativeBuckets, isWhole, first: 8, to: &out)
        append(histogram.positiveSpans, histogram.positiveBuckets, isWhole, first: 11, to: &out)
        let hint: UInt64 =
            switch histogram.counterResetHint {
            case .unknown: 0
            case .reset: 1
            case .notReset: 2
            case .gauge: 3
            }
        WireWriter.append(14, varint: hint, to: &out)
        WireWriter.append(15, varint: UInt64(bitPattern: time.milliseconds), to: &out)
        if !histogram.customValues.isEmpty {
            WireWriter.append(
                16, bytes: histogram.customValues.flatMap { bytes($0) }, to: &out)
        }
        return out
    }

    /// Spans, and counts: as differences (field `first` + 1) or as floats (`first` + 2).
    private static func append(
        _ spans: [FloatHistogram.Span], _ counts: [Double], _ isWhole: Bool, first: UInt64,
        to out: inout [UInt8]
    ) {
        for span in spans {
            var message: [UInt8] = []
            WireWriter.append(1, varint: zigzag(Int64(span.offset)), to: &message)
            WireWriter.append(2, varint: UInt64(span.length), to: &message)
            WireWriter.append(first, bytes: message, to: &out)
        }
        if counts.isEmpty { return }
        var packed: [UInt8] = []
        if isWhole {
            var previous: Int64 = 0
            for count in counts {
                WireWriter.append(varint: zigzag(Int64(count) - previous), to: &packed)
                previous = Int64(count)
            }
        } else {
            packed = counts.flatMap { bytes($0) }
        }
        WireWriter.append(first + (isWhole ? 1 : 2), bytes: packed, to: &out)
    }

    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    fileprivate static func bytes(_ value: Double) -> [UInt8] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: UInt64, double value: Double) {
        WireWriter.append(varint: number << 3 | 1, to: &self)
        self += RemoteWriteRequest.bytes(value)
    }

    /// One member of a `oneof`, so written even where it is 0: the whole number (field `number`) or
    /// the float (the next field).
    fileprivate mutating func append(_ number: UInt64, count: Double, _ isWhole: Bool) {
        if isWhole {
            WireWriter.append(varint: number << 3, to: &self)
            WireWriter.append(varint: UInt64(count), to: &self)
        } else {
            append(number + 1, double: count)
        }
    }
}
