import Glibc
import GoText
import RegularExpressions

/// A value of a series at one step.
struct LogSample {
    var labels: [String: String]
    var value: Double
}

/// What a metric query is at every step: a number, or samples.
enum LogValue {
    case scalar(Double)
    case samples([[LogSample]])

    /// Samples at each of so many steps; a number is a series without labels.
    func samples(steps: Int) -> [[LogSample]] {
        switch self {
        case .scalar(let value):
            Array(repeating: [LogSample(labels: [:], value: value)], count: steps)
        case .samples(let samples): samples
        }
    }
}

/// Evaluates metric queries at points in time.
struct MetricEvaluator {
    /// Why a query that can be read cannot be answered.
    enum Failure: Error {
        case query(LogQLError)
        /// A real Loki says this with status 500.
        case `internal`(String)
        /// A real Loki closes the connection.
        case unanswered
    }

    let store: LogStore
    /// Nanoseconds since 1970.
    let times: [Int64]

    func value(of expression: LogQLExpression) throws(Failure) -> LogValue {
        switch expression {
        case .lines: throw .query(LogQLError(text: "log queries have no value"))
        case .literal(let value): return .scalar(value)
        case .vector(let value):
            return .samples(times.map { _ in [LogSample(labels: [:], value: value)] })
        case .range(let aggregation): return .samples(try samples(of: aggregation))
        case .aggregation(let aggregation):
            return .samples(try VectorAggregator(aggregation).samples(of: operand(of: aggregation)))
        case .binary(let operation):
            let left = try value(of: operation.left)
            let right = try value(of: operation.right)
            return try VectorOperator(operation).value(left, right, steps: times.count)
        case .labelReplace(let replacement):
            let samples = try value(of: replacement.operand).samples(steps: times.count)
            return .samples(samples.map { $0.map { Self.replaced($0, by: replacement) } })
        }
    }

    private func operand(of aggregation: VectorAggregation) throws(Failure) -> [[LogSample]] {
        if aggregation.operation == "approx_topk" {
            throw .internal("approx_topk is not enabled. See -limits.shard_aggregations")
        }
        var operand = aggregation.operand
        // Errors are labels where a query groups by them.
        if case .range(var inner) = operand, aggregation.grouping?.isWithout == false,
            aggregation.grouping?.names.contains(PipelineEntry.error) == true
        {
            inner.keepsErrors = true
            operand = .range(inner)
        }
        return try value(of: operand).samples(steps: times.count)
    }

    private static func replaced(
        _ sample: LogSample, by replacement: LabelReplacement
    ) -> LogSample {
        guard
            let value = replacement.expression.expand(
                sample.labels[replacement.source] ?? "", template: replacement.replacement)
        else { return sample }
        var sample = sample
        sample.labels[replacement.destination] = value.isEmpty ? nil : value
        return sample
    }

    // MARK: Range aggregations

    private struct Point {
        var time: Int64
        var value: Double
    }

    private func samples(of aggregation: RangeAggregation) throws(Failure) -> [[LogSample]] {
        let ends = times.map { $0 - aggregation.offset }
        let series = try self.series(of: aggregation, endingAt: ends)
        // The first points that are not before the windows.
        var firsts = series.map { _ in 0 }
        var steps: [[LogSample]] = []
        for end in ends {
            var samples: [LogSample] = []
            for (index, (labels, points)) in series.enumerated() {
                while firsts[index] < points.count,
                    points[firsts[index]].time <= end - aggregation.range
                {
                    firsts[index] += 1
                }
                let inside = points[firsts[index]...].prefix { $0.time <= end }
                guard !inside.isEmpty else { continue }
                let value = RangeFunction(aggregation).value(
                    inside.map { ($0.time, $0.value) }, end)
                if let value { samples.append(LogSample(labels: labels, value: value)) }
            }
            if aggregation.operation == "absent_over_time" {
                samples = samples.isEmpty ? [Self.absence(of: aggregation.selection)] : []
            }
            steps.append(samples)
        }
        return steps
    }

    /// The labels that a selector names for sure.
    private static func absence(of selection: LogSelection) -> LogSample {
        var labels: [String: String] = [:]
        for matcher in selection.matchers where matcher.relation == .equal {
            labels[matcher.name] = matcher.value
        }
        return LogSample(labels: labels, value: 1)
    }

    /// The points that a pipeline makes, by their labels, in the order of time. Lines outside of all
    /// windows are not looked at: their errors are no errors of the query.
    private func series(
        of aggregation: RangeAggregation, endingAt ends: [Int64]
    ) throws(Failure) -> [([String: String], [Point])] {
        let isInside = { (time: Int64) in
            ends.first { $0 >= time }.map { time > $0 - aggregation.range } ?? false
        }
        var places: [[String: String]: Int] = [:]
        var series: [([String: String], [Point])] = []
        for var entry in store.entries(of: aggregation.selection, at: isInside) {
            guard let value = Self.value(of: &entry, aggregation) else { continue }
            if entry.hasError, !aggregation.keepsErrors { throw .query(Self.pipelineError(entry)) }
            var labels = entry.labels
            labels[PipelineEntry.details] = nil
            if let grouping = aggregation.grouping { labels = grouping.key(labels) }
            let place = places[labels] ?? series.count
            if place == series.count {
                places[labels] = place
                series.append((labels, []))
            }
            series[place].1.append(Point(time: entry.time, value: value))
        }
        for index in series.indices { series[index].1.sort { $0.time < $1.time } }
        return series
    }

    /// What a line counts for; nil where it does not count.
    private static func value(
        of entry: inout PipelineEntry, _ aggregation: RangeAggregation
    ) -> Double? {
        guard let unwrap = aggregation.unwrap else {
            return aggregation.operation.hasPrefix("bytes") ? Double(entry.line.utf8.count) : 1
        }
        guard let text = entry[unwrap.label] else { return nil }
        let value: Double? =
            switch unwrap.conversion {
            case .none: GoFloat.parse(text)
            case .bytes: Quantities.bytes(text)
            case .duration, .durationSeconds: Quantities.nanoseconds(text).map { $0 / 1e9 }
            }
        if value != nil {
            entry.remove(unwrap.label)
        } else {
            entry.fail(
                "SampleExtractionErr",
                "strconv.ParseFloat: parsing \(GoQuoting.quote(text)): invalid syntax")
        }
        for filter in unwrap.filters where !entry.pass(filter) { return nil }
        return value ?? 0
    }

    private static func pipelineError(_ entry: PipelineEntry) -> LogQLError {
        let error = entry[PipelineEntry.error] ?? ""
        return LogQLError(
            text: """
                pipeline error: '\(error)' for series: '\(LogLabels.text(entry.labels))'.
                Use a label filter to intentionally skip this error. (e.g | __error__!="\(error)").
                To skip all potential errors you can match empty errors.(e.g __error__="")
                The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )

                """)
    }
}

/// Labels as Loki writes and orders them.
enum LogLabels {
    /// `{app="x", pod="x-0"}`, ordered by name.
    static func text(_ labels: [String: String]) -> String {
        "{"
            + labels.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(GoQuoting.quote($0.value))" }.joined(separator: ", ") + "}"
    }
}

/// Labels as series are ordered: name by name and value by value, each by its bytes.
private struct LabelOrder: Comparable {
    private let bytes: [UInt8]

    init(_ labels: [String: String]) {
        let pairs = labels.sorted { $0.key < $1.key }
        bytes = Array(pairs.map { "\($0.key)\0\($0.value)\0" }.joined().utf8)
    }

    static func < (a: LabelOrder, b: LabelOrder) -> Bool {
        let order = memcmp(a.bytes, b.bytes, min(a.bytes.count, b.bytes.count))
        return order == 0 ? a.bytes.count < b.bytes.count : order < 0
    }
}

extension Sequence {
    func sorted(byLabels labels: (Element) -> [String: String]) -> [Element] {
        map { (LabelOrder(labels($0)), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

/// What a function makes of the points of one window.
struct RangeFunction {
    private let aggregation: RangeAggregation

    init(_ aggregation: RangeAggregation) { self.aggregation = aggregation }

    private var seconds: Double { Double(aggregation.range) / 1e9 }

    /// - Parameter points: At least one, in the order of time.
    func value(_ points: [(time: Int64, value: Double)], _ end: Int64) -> Double? {
        let values = points.map(\.value)
        let sum = values.reduce(0, +)
        switch aggregation.operation {
        case "count_over_time", "bytes_over_time", "sum_over_time": return sum
        case "absent_over_time": return 1
        case "rate", "bytes_rate": return sum / seconds
        case "avg_over_time": return sum / Double(values.count)
        case "min_over_time": return values.reduce(values[0]) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case "max_over_time": return values.reduce(values[0]) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case "first_over_time": return values[0]
        case "last_over_time": return values[values.count - 1]
        case "stdvar_over_time": return Spread.variance(values)
        case "stddev_over_time": return Spread.variance(values).squareRoot()
        case "quantile_over_time": return Spread.quantile(aggregation.parameter ?? 0, values)
        case "rate_counter": return rateOfCounter(points, end)
        default: return nil
        }
    }

    /// The increase each second, extended to the ends of the window as Prometheus does.
    private func rateOfCounter(_ points: [(time: Int64, value: Double)], _ end: Int64) -> Double? {
        guard let first = points.first, let last = points.last else { return nil }
        if points.count == 1 { return 0 }
        var increase = last.value - first.value
        for (before, after) in zip(points, points.dropFirst()) where after.value < before.value {
            increase += before.value
        }
        func seconds(_ from: Int64, _ to: Int64) -> Double {
            Double(to / 1_000_000 - from / 1_000_000) / 1000
        }
        let sampled = seconds(first.time, last.time)
        let between = sampled / Double(points.count - 1)
        var toStart = seconds(end - aggregation.range, first.time)
        let toEnd = seconds(last.time, end)
        if increase > 0, first.value >= 0 {
            toStart = min(toStart, sampled * (first.value / increase))
        }
        let most = between * 1.1
        var covered = sampled
        covered += toStart < most ? toStart : between / 2
        covered += toEnd < most ? toEnd : between / 2
        return increase * (covered / sampled) / self.seconds
    }
}

/// Measures of how values spread.
enum Spread {
    /// The variance of all values, not an estimate from some.
    static func variance(_ values: [Double]) -> Double {
        var mean = 0.0
        var total = 0.0
        for (index, value) in values.enumerated() {
            let delta = value - mean
            mean += delta / Double(index + 1)
            total += delta * (value - mean)
        }
        return total / Double(values.count)
    }

    /// The quantile, between two values in proportion.
    static func quantile(_ quantile: Double, _ values: [Double]) -> Double {
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        let sorted = values.sorted()
        let rank = quantile * Double(sorted.count - 1)
        let lower = Int(rank.rounded(.down))
        let upper = min(lower + 1, sorted.count - 1)
        let weight = rank - Double(lower)
        return sorted[lower] * (1 - weight) + sorted[upper] * weight
    }
}
