import GoText

/// The values of one series on a step grid: an instant vector element, over all steps.
public struct StepSeries: Sendable {
    public var labels: LabelSet
    /// One per step; `SampleValue.absent` where there is no float.
    public var values: [Double]
    /// Native histograms by step; a step has a float or a histogram, never both.
    public var histograms: [Int: FloatHistogram]
    /// The metric name is still in `labels` but goes at the end of the query (Prometheus'
    /// `promql-delayed-name-removal`).
    public var dropsName: Bool

    public init(
        labels: LabelSet, values: [Double], histograms: [Int: FloatHistogram] = [:],
        dropsName: Bool = false
    ) {
        self.labels = labels
        self.values = values
        self.histograms = histograms
        self.dropsName = dropsName
    }

    /// A series without a value at any of `count` steps.
    public init(labels: LabelSet, absentFor count: Int, dropsName: Bool = false) {
        self.init(
            labels: labels, values: [Double](repeating: SampleValue.absent, count: count),
            dropsName: dropsName)
    }

    /// Whether the step has a float or a histogram.
    public func hasValue(at step: Int) -> Bool {
        !SampleValue.isAbsent(values[step]) || histograms[step] != nil
    }

    /// Whether no step has a value.
    public var isEmpty: Bool {
        histograms.isEmpty && values.allSatisfy(SampleValue.isAbsent)
    }
}

/// The evaluation times of a query: `start, start + step, …` up to and including `end`.
/// An instant query is a grid of one step, with `step` 0.
public struct StepGrid: Sendable, Hashable {
    public let start: Timestamp
    public let end: Timestamp
    public let step: Milliseconds

    /// `step` must be positive unless `start == end`.
    public init(start: Timestamp, end: Timestamp, step: Milliseconds) {
        self.start = start
        self.end = end
        self.step = step
    }

    public static func instant(_ time: Timestamp) -> StepGrid {
        StepGrid(start: time, end: time, step: 0)
    }

    public var isInstant: Bool { step == 0 }

    /// The number of steps; 0 when the end lies before the start.
    public var count: Int {
        if end < start { return 0 }
        if step == 0 { return 1 }
        guard let length = end.distance(from: start) else { return .max }
        return Int(length / step) &+ 1
    }

    public func time(at index: Int) -> Timestamp { start + step * Int64(index) }
}

/// Raw samples of one series, in time order, at times of their own.
public struct SampleSeries: Sendable {
    public var labels: LabelSet
    /// Strictly ascending.
    public var times: [Timestamp]
    /// One per time. Where `histograms` has an entry the float is meaningless.
    public var values: [Double]
    /// Native histograms by index into `times`; empty for float series.
    public var histograms: [Int: FloatHistogram]
    /// Start timestamps by index into `times` (0 = none); empty when the source has none.
    public var startTimes: [Timestamp]

    public init(
        labels: LabelSet, times: [Timestamp] = [], values: [Double] = [],
        histograms: [Int: FloatHistogram] = [:], startTimes: [Timestamp] = []
    ) {
        self.labels = labels
        self.times = times
        self.values = values
        self.histograms = histograms
        self.startTimes = startTimes
    }
}

/// Reserved bit patterns of floats.
public enum SampleValue {
    /// The staleness marker, as Prometheus `model/value/value.go`.
    public static let staleBits: UInt64 = 0x7ff0_0000_0000_0002
    public static let stale = Double(bitPattern: staleBits)
    /// The usual NaN of Prometheus.
    public static let normalNaN = Double(bitPattern: 0x7ff8_0000_0000_0001)
    /// Stands in columns for "no sample at this step"; never leaves the process.
    public static let absentBits: UInt64 = 0x7ff4_7269_6275_7400
    public static let absent = Double(bitPattern: absentBits)

    @inlinable public static func isStale(_ value: Double) -> Bool {
        value.bitPattern == staleBits
    }
    @inlinable public static func isAbsent(_ value: Double) -> Bool {
        value.bitPattern == absentBits
    }
}
