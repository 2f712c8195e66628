import GoText
import PrometheusWire
public import TimeSeries

/// `index/volume` and `index/volume_range`: how many bytes streams have. These are estimates of each
/// member, and are added.
public struct VolumeMerge: Sendable {
    /// What volumes are of.
    public enum Grouping: Sendable, Equatable {
        /// Of streams, by the labels with these names, as users see them; nil for whole label sets.
        /// A name of an added label has each member on its own.
        case labels(named: [String]?)
        /// Of single labels, whatever their value.
        ///
        /// - Parameter addsLabels: whether labels that are added are among them. All streams have
        ///   them, so that their volume is that of the member's label with the most.
        case names(addsLabels: Bool)
    }

    private let grouping: Grouping
    private var volumes: [LabelSet: [Timestamp: Double]] = [:]

    public init(_ grouping: Grouping) { self.grouping = grouping }

    /// Adds the volumes of a member.
    public mutating func add(
        _ body: [UInt8], of injection: LabelInjection
    ) throws(LokiAnswerError) {
        var reader = LokiAnswerReader(expecting: [.vector, .matrix], keepsEmptyLabels: true)
        try reader.append(body)
        _ = try reader.finish()
        let series = reader.takeSeries()
        switch grouping {
        case .labels(let names):
            let kept = names.map { LabelNames($0) }
            for one in series {
                let labels = injection.injecting(into: one.labels)
                add(one, as: kept.map { labels.keeping($0) } ?? labels)
            }
        case .names(let addsLabels):
            for one in series {
                let names = one.labels.pairs.map {
                    (name: injection.visibleName(of: $0.name), value: $0.value)
                }
                add(one, as: LabelSet(keepingEmpty: names))
            }
            guard addsLabels, let most = Self.largest(series) else { break }
            for label in injection.labels where !label.value.isEmpty {
                add(most, as: LabelSet(keepingEmpty: [(name: label.name, value: "")]))
            }
        }
    }

    private mutating func add(_ series: SampleSeries, as labels: LabelSet) {
        for (time, value) in zip(series.times, series.values) {
            volumes[labels, default: [:]][time, default: 0] += value
        }
    }

    private static func largest(_ series: [SampleSeries]) -> SampleSeries? {
        series.max { total($0) < total($1) }
    }

    private static func total(_ series: SampleSeries) -> Double { series.values.reduce(0, +) }

    /// The answer: the largest volumes first, and those that are as large in the order of their labels.
    ///
    /// - Parameters:
    ///   - limit: of series.
    ///   - isRange: whether it is `index/volume_range`. With nothing in it, that is a vector too.
    public func body(
        limit: Int, isRange: Bool, failures: [String] = []
    ) -> [UInt8] {
        var ranked: [(series: SampleSeries, total: Double)] = []
        for (labels, volumes) in volumes {
            let samples = volumes.sorted { $0.key < $1.key }
            var series = SampleSeries(
                labels: labels, times: samples.map(\.key), values: samples.map(\.value))
            let total = Self.total(series)
            // A series of a vector has one sample, even if the times of members differ.
            if !isRange {
                series.times = Array(series.times.suffix(1))
                series.values = [total]
            }
            ranked.append((series, total))
        }
        ranked.sort { a, b in
            a.total == b.total ? a.series.labels < b.series.labels : a.total > b.total
        }
        let series = ranked.prefix(limit).map(\.series)
        return LogMetricAnswer.samples(
            series, isMatrix: isRange && !series.isEmpty, failures: failures)
    }
}
