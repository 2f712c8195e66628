import GoText
import PrometheusWire
public import TimeSeries

/// Answers to metric queries. Values are written without exponents, times in seconds with up to three
/// decimals.
public enum LogMetricAnswer {
    /// The values at the one step of a grid, in the order given; series without one are left out.
    public static func vector(
        _ series: [StepSeries], at time: Timestamp, statistics: QueryStatistics? = nil,
        failures: [String] = [], warnings: Set<String> = []
    ) -> [UInt8] {
        var writer = Writer(.vector)
        for one in series where !one.values.isEmpty && one.hasFloat(at: 0) {
            writer.open(one.labels)
            writer.add(time, one.values[0])
            writer.close()
        }
        return writer.end(statistics, failures, warnings)
    }

    /// The values at all steps, in the order given; series without any are left out.
    public static func matrix(
        _ series: [StepSeries], on grid: StepGrid, statistics: QueryStatistics? = nil,
        failures: [String] = [], warnings: Set<String> = []
    ) -> [UInt8] {
        var writer = Writer(.matrix)
        for one in series where one.values.indices.contains(where: one.hasFloat) {
            writer.open(one.labels)
            for (step, value) in one.values.enumerated() where one.hasFloat(at: step) {
                writer.add(grid.time(at: step), value)
            }
            writer.close()
        }
        return writer.end(statistics, failures, warnings)
    }

    /// The time of a scalar is in milliseconds, as Loki writes it.
    public static func scalar(
        _ value: Double, at time: Timestamp, statistics: QueryStatistics? = nil,
        failures: [String] = [], warnings: Set<String> = []
    ) -> [UInt8] {
        var writer = Writer(.scalar)
        GoFloat.appendInteger(time.milliseconds, to: &writer.out)
        writer.appendValue(value)
        return writer.end(statistics, failures, warnings)
    }

    /// Samples at times of their own.
    static func samples(
        _ series: [SampleSeries], isMatrix: Bool, failures: [String]
    ) -> [UInt8] {
        var writer = Writer(isMatrix ? .matrix : .vector)
        for one in series where !one.times.isEmpty {
            writer.open(one.labels)
            for (time, value) in zip(one.times, one.values) { writer.add(time, value) }
            writer.close()
        }
        return writer.end(nil, failures, [])
    }

    private struct Writer {
        let type: LokiAnswerReader.ResultType
        var out: [UInt8] = []
        private var hasSeries = false
        private var hasSamples = false

        init(_ type: LokiAnswerReader.ResultType) {
            self.type = type
            LokiEnvelope.appendHead(type, to: &out)
        }

        mutating func open(_ labels: LabelSet) {
            if hasSeries { out.append(UInt8(ascii: ",")) }
            hasSeries = true
            hasSamples = false
            out.append(contentsOf: "{\"metric\":".utf8)
            LokiText.append(labels, to: &out)
            out.append(contentsOf: type == .matrix ? ",\"values\":[".utf8 : ",\"value\":".utf8)
        }

        mutating func add(_ time: Timestamp, _ value: Double) {
            if hasSamples { out.append(UInt8(ascii: ",")) }
            hasSamples = true
            out.append(UInt8(ascii: "["))
            TimestampText.appendScalar(time, to: &out)
            appendValue(value)
            out.append(UInt8(ascii: "]"))
        }

        mutating func appendValue(_ value: Double) {
            out.append(contentsOf: ",\"".utf8)
            GoFloat.appendPlain(value, to: &out)
            out.append(UInt8(ascii: "\""))
        }

        mutating func close() {
            out.append(contentsOf: type == .matrix ? "]}".utf8 : "}".utf8)
        }

        mutating func end(
            _ statistics: QueryStatistics?, _ failures: [String], _ warnings: Set<String>
        ) -> [UInt8] {
            out.append(UInt8(ascii: "]"))
            return out
                + LokiEnvelope.tail(
                    statistics: statistics ?? QueryStatistics(), failures: failures,
                    warnings: warnings)
        }
    }
}

extension StepSeries {
    fileprivate func hasFloat(at step: Int) -> Bool { !SampleValue.isAbsent(values[step]) }
}

extension SampleSeries {
    /// The samples as values on a grid, of which each stands at a step.
    func onGrid(_ grid: StepGrid) -> StepSeries {
        var series = StepSeries(labels: labels, absentFor: grid.count)
        for (time, value) in zip(times, values) {
            guard time >= grid.start, let length = time.distance(from: grid.start) else { continue }
            let step = grid.isInstant ? 0 : Int(length / grid.step)
            if series.values.indices.contains(step) { series.values[step] = value }
        }
        return series
    }
}
