import PromQLScripts
import TimeSeries

/// What became of a script.
public struct ScriptReport: Sendable {
    /// A query that did not give what the script says.
    public struct Failure: Sendable, CustomStringConvertible {
        /// From 1.
        public var line: Int
        public var query: String
        public var reason: String

        public var description: String { "line \(line): \(query): \(reason)" }
    }

    public var name: String
    /// Queries that gave what the script says, each counted once however often it was varied.
    public var passed = 0
    public var failures: [Failure] = []

    public init(name: String) { self.name = name }

    /// `name  passed / failed`
    public var summary: String { "\(name)  \(passed) / \(failures.count)" }
}

extension LabelSet {
    /// `{a="b"}`, the name as a label like any other.
    var notation: String {
        "{" + pairs.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
    }
}

extension SequenceValue {
    var text: String {
        switch self {
        case .omitted: "_"
        case .float(let value): SampleValue.isStale(value) ? "stale" : "\(value)"
        case .histogram(let histogram, _): histogram.notation
        }
    }
}

extension StepSeries {
    var text: String { values.indices.map { text(at: $0) }.joined(separator: " ") }

    func text(at step: Int) -> String {
        if let histogram = histograms[step] { return histogram.notation }
        return SampleValue.isAbsent(values[step]) ? "_" : SequenceValue.float(values[step]).text
    }
}

extension FloatHistogram {
    /// The notation of scripts, but for spans, which are written out.
    fileprivate var notation: String {
        var parts = ["schema:\(schema)", "count:\(count)", "sum:\(sum)"]
        if zeroCount != 0 { parts.append("z_bucket:\(zeroCount)") }
        if zeroThreshold != 0 { parts.append("z_bucket_w:\(zeroThreshold)") }
        if !customValues.isEmpty { parts.append("custom_values:\(customValues)") }
        if !positiveBuckets.isEmpty {
            parts.append("spans:\(positiveSpans.map { "\($0.offset)+\($0.length)" })")
            parts.append("buckets:\(positiveBuckets)")
        }
        if !negativeBuckets.isEmpty {
            parts.append("n_spans:\(negativeSpans.map { "\($0.offset)+\($0.length)" })")
            parts.append("n_buckets:\(negativeBuckets)")
        }
        if counterResetHint != .unknown {
            parts.append("counter_reset_hint:\(counterResetHint.rawValue)")
        }
        return "{{" + parts.joined(separator: " ") + "}}"
    }
}
