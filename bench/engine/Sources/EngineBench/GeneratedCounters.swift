import GoText
import PromQL
import PromQLEngine
import TimeSeries

/// 1,000 counters of 1,040 samples each, 15 s apart, with resets: `x_total` of ten jobs.
struct GeneratedCounters: SeriesSource {
    static let count = 1_000
    static let steps = 1_000
    static let start: Timestamp = 1_700_000_000_000
    static let interval: Milliseconds = 15_000

    let series: [SampleSeries]

    init() {
        series = (0..<Self.count).map { place in
            var one = SampleSeries(
                labels: LabelSet([
                    "__name__": "x_total", "job": "job\(place % 10)",
                    "instance": "host-\(place):9100",
                ]))
            var value = 0.0
            for index in 0..<(Self.steps + 40) {
                value += Double((place * 7 + index * 3) % 11)
                if (place + index) % 501 == 0 { value = 0 }
                one.times.append(
                    Self.start + Self.interval * Int64(index)
                        + Milliseconds(Int64(place * 13 % 15_000)))
                one.values.append(value)
            }
            return one
        }.sorted { $0.labels < $1.labels }
    }

    static var grid: StepGrid {
        StepGrid(
            start: start + 600_000, end: start + 600_000 + interval * Int64(steps - 1),
            step: interval)
    }

    func series(
        matching: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws -> [SampleSeries] {
        series
    }

    func values(of fragment: FragmentReference, on grid: StepGrid) throws -> [StepSeries] { [] }
}
