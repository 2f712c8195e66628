import GoText
import PrometheusWire

/// The answer to `/render`: a flame graph with its time series.
///
/// Not compared with a real server: the whole document.
public struct Flamebearer: Sendable, Equatable {
    public let flamegraph: FlameGraph
    public let series: SelectSeriesResponse
    public let request: RenderRequest

    public init(
        _ flamegraph: FlameGraph, series: SelectSeriesResponse, request: RenderRequest
    ) {
        self.flamegraph = flamegraph
        self.series = series
        self.request = request
    }

    /// The document as JSON.
    public var bytes: [UInt8] {
        var out: [UInt8] = Array(#"{"version":1,"flamebearer":{"names":"#.utf8)
        JSONValue.strings(flamegraph.names).append(to: &out)
        out.append(contentsOf: #","levels":["#.utf8)
        for (index, level) in flamegraph.levels.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            Self.append(level.values, to: &out)
        }
        out.append(contentsOf: #"],"numTicks":"#.utf8)
        GoFloat.appendInteger(flamegraph.total, to: &out)
        out.append(contentsOf: #","maxSelf":"#.utf8)
        GoFloat.appendInteger(flamegraph.maxSelf, to: &out)
        out.append(contentsOf: #"},"metadata":"#.utf8)
        metadata.append(to: &out)
        out.append(contentsOf: #","timeline":"#.utf8)
        timeline(of: series.series).append(to: &out)
        out.append(contentsOf: #","groups":"#.utf8)
        groups.append(to: &out)
        out.append(contentsOf: #","heatmap":null}"#.utf8)
        return out
    }

    private static func append(_ numbers: [Int64], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        for (index, number) in numbers.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            GoFloat.appendInteger(number, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    private var metadata: JSONValue {
        let type = request.profileType
        let units: String
        var rate: Int64 = 100
        switch type.sampleType {
        case "inuse_objects", "alloc_objects", "goroutine", "samples": units = "objects"
        case "cpu":
            units = "samples"
            // A tick is a nanosecond.
            rate = 1_000_000_000
        default: units = type.sampleUnit
        }
        return .object([
            (key: "format", value: .string("single")), (key: "spyName", value: .string("")),
            (key: "sampleRate", value: .integer(rate)), (key: "units", value: .string(units)),
            (key: "name", value: .string(type.sampleType)),
        ])
    }

    /// One time series of each value of the label; `*` for series that lack it.
    private var groups: JSONValue {
        guard let label = request.groupBy else { return .null }
        return .sortedObject(
            series.series.map { one in
                let value = one.labels.last { $0.name.utf8.elementsEqual(label.utf8) }?.value
                return (key: value ?? "*", value: timeline(of: [one]))
            })
    }

    private func timeline(of series: [ProfileSeries]) -> JSONValue {
        Timeline(
            series.lazy.flatMap(\.points), from: request.series.start, to: request.series.end,
            step: request.step
        ).json
    }
}

/// The values of a time series at each step of a range, zero where there is none.
struct Timeline: Equatable {
    let start: Timestamp
    let step: Duration
    private(set) var samples: [UInt64]

    /// As many samples as steps begin before the end.
    ///
    /// - Parameters:
    ///   - points: values at one step are added, those outside of the range left out.
    ///   - step: above zero, in whole seconds.
    init(
        _ points: some Sequence<ProfileSeries.Point>, from start: Timestamp, to end: Timestamp,
        step: Duration
    ) {
        self.start = start
        self.step = step
        let length = Milliseconds(step).count
        let span = max(0, end.distance(from: start)?.count ?? 0)
        var values = [Double](
            repeating: 0, count: Int(span / length) + (span % length > 0 ? 1 : 0))
        for point in points where point.time >= start {
            guard let index = point.time.distance(from: start).map({ $0.count / length }),
                index < values.count
            else { continue }
            values[Int(index)] += point.value
        }
        samples = values.map { $0 > 0 ? UInt64(exactly: $0.rounded(.down)) ?? .max : 0 }
    }

    var json: JSONValue {
        .object([
            (key: "startTime", value: .integer(start.wholeSeconds)),
            (key: "samples", value: .array(samples.map { .number(String($0)) })),
            (key: "durationDelta", value: .integer(step.components.seconds)),
            (key: "watermarks", value: .null),
        ])
    }

    /// Lengths in seconds, each with the least span of 1,500 steps for which it is too short.
    private static let steps: [(length: Int64, below: Double)] = [
        (15, 17.5), (20, 25), (30, 45), (60, 90), (120, 210), (300, 450), (600, 750), (900, 1050),
        (1200, 1500), (1800, 2700), (3600, 5400), (7200, 9000), (10_800, 16_200),
        (21_600, 32_400), (43_200, 86_400), (86_400, 604_800), (604_800, 1_814_400),
        (2_592_000, 3_628_800),
    ]

    /// The step of a range: about 1,500 of them, of a round length, and 15 seconds at least.
    static func step(from start: Timestamp, to end: Timestamp) -> Duration {
        let span = end.distance(from: start)?.seconds ?? .infinity
        let exact = span / 1500
        return .seconds(steps.first { exact <= $0.below }?.length ?? 31_536_000)
    }
}
