internal import GoText

/// What an annotation is about, where that decides how a query is answered. The words are those of
/// Prometheus `util/annotations`; texts are made of them and recognised by them.
public enum AnnotationCode: String, Sendable, CaseIterable {
    /// Floats and native histograms meet where only one kind may be; there is no result.
    case mixedFloatsAndHistograms = "mix of histograms and floats"
    /// Native histograms of both kinds of buckets meet; there is no result.
    case mixedBucketSchemas = "mix of histograms with exponential and custom buckets schemas"

    /// What a warning is about that a server sent, with prefix and position or without; nil of any
    /// other text.
    public init?(recognizing warning: String) {
        let found = Self.allCases.first { warning.contains($0.rawValue) }
        guard let found else { return nil }
        self = found
    }
}

/// A warning or an info of an evaluation, as Prometheus `util/annotations` words it. Every text is
/// made here.
///
/// Metric names are as they stand, without quotes; where one may be empty, an empty one is not told.
public enum Annotation: Sendable, Hashable {
    /// What is done to histograms.
    public enum HistogramOperation: String, Sendable {
        case addition, subtraction, aggregation
    }

    // MARK: Warnings

    case quantileOutOfRange(Double)
    case ratioOutOfRange(Double, cappedTo: Double)
    case ineffectiveSort
    /// The metric's name may be empty.
    case malformedBucketLabel(value: String, metricName: String)
    /// The metric's name may be empty.
    case mixedClassicAndNative(metricName: String)
    case mixedFloatsAndHistograms(metricName: String)
    case mixedFloatsAndHistogramsInAggregation
    case mixedBucketSchemas(metricName: String)
    case incompatibleCustomBuckets(metricName: String)
    case notCounter(metricName: String)
    case notGauge(metricName: String)
    case conflictingResets(HistogramOperation)
    /// The operator as it is written.
    case incompatibleLayouts(operator: String)
    case overlappingStartTime(metricName: String)

    // MARK: Infos

    case unlikelyCounterName(metricName: String)
    case unlikelyCounterType(String, metricName: String)
    case ignoredHistogramsInRange(metricName: String)
    /// The aggregation's name.
    case ignoredHistogram(aggregation: String)
    /// The operator as it is written; operands by the names of their types.
    case incompatibleTypes(operator: String, left: String, right: String)
    case reconciledBounds(HistogramOperation)
    /// The metric's name may be empty.
    case fractionExcludesNaN(metricName: String)
    /// The metric's name may be empty.
    case quantileIsNaN(metricName: String)
    /// The metric's name may be empty.
    case quantileIsSkewed(metricName: String)

    /// Whether it is a warning; else it is an info.
    public var isWarning: Bool {
        switch self {
        case .quantileOutOfRange, .ratioOutOfRange, .ineffectiveSort, .malformedBucketLabel,
            .mixedClassicAndNative, .mixedFloatsAndHistograms,
            .mixedFloatsAndHistogramsInAggregation, .mixedBucketSchemas,
            .incompatibleCustomBuckets, .notCounter, .notGauge, .conflictingResets,
            .incompatibleLayouts, .overlappingStartTime:
            true
        case .unlikelyCounterName, .unlikelyCounterType, .ignoredHistogramsInRange,
            .ignoredHistogram, .incompatibleTypes, .reconciledBounds, .fractionExcludesNaN,
            .quantileIsNaN, .quantileIsSkewed:
            false
        }
    }

    /// Without prefix and position.
    public var text: String {
        switch self {
        case .quantileOutOfRange(let quantile):
            "quantile value should be between 0 and 1, got \(GoFloat.general(quantile))"
        case .ratioOutOfRange(let ratio, let cap):
            "ratio value should be between -1 and 1, got \(GoFloat.general(ratio)), "
                + "capping to \(GoFloat.general(cap))"
        case .ineffectiveSort:
            "sort is ineffective for range queries since results are always ordered by labels"
        case .malformedBucketLabel(let value, let name):
            "bucket label \"le\" is missing or has a malformed value of "
                + GoQuoting.quote(value) + Self.part(name)
        case .mixedClassicAndNative(let name):
            "vector contains a mix of classic and native histograms" + Self.part(name)
        case .mixedFloatsAndHistograms(let name):
            "encountered a \(AnnotationCode.mixedFloatsAndHistograms.rawValue) "
                + "for metric name \(GoQuoting.quote(name))"
        case .mixedFloatsAndHistogramsInAggregation:
            "encountered a \(AnnotationCode.mixedFloatsAndHistograms.rawValue) for aggregation"
        case .mixedBucketSchemas(let name):
            "vector contains a \(AnnotationCode.mixedBucketSchemas.rawValue) "
                + "for metric name \(GoQuoting.quote(name))"
        case .incompatibleCustomBuckets(let name):
            "vector contains histograms with incompatible custom buckets "
                + "for metric name \(GoQuoting.quote(name))"
        case .notCounter(let name):
            "this native histogram metric is not a counter: \(GoQuoting.quote(name))"
        case .notGauge(let name):
            "this native histogram metric is not a gauge: \(GoQuoting.quote(name))"
        case .conflictingResets(let operation):
            "conflicting counter resets during histogram \(operation.rawValue)"
        case .incompatibleLayouts(let symbol):
            "incompatible bucket layout encountered for binary operator \(symbol)"
        case .overlappingStartTime(let name):
            "sample has start time that overlaps with previous sample timestamp "
                + "for metric \(GoQuoting.quote(name))"
        case .unlikelyCounterName(let name):
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
                + GoQuoting.quote(name)
        case .unlikelyCounterType(let type, let name):
            "metric might not be a counter, __type__ label is not set to \"counter\" or "
                + "\"histogram\", got \(GoQuoting.quote(type)): \(GoQuoting.quote(name))"
        case .ignoredHistogramsInRange(let name):
            "ignored histograms in a range containing both floats and histograms "
                + "for metric name \(GoQuoting.quote(name))"
        case .ignoredHistogram(let aggregation):
            "ignored histogram in \(aggregation) aggregation"
        case .incompatibleTypes(let symbol, let left, let right):
            "incompatible sample types encountered for binary operator "
                + "\(GoQuoting.quote(symbol)): \(left) \(symbol) \(right)"
        case .reconciledBounds(let operation):
            "mismatched custom buckets were reconciled during \(operation.rawValue)"
        case .fractionExcludesNaN(let name):
            "input to histogram_fraction has NaN observations, which are excluded from all "
                + "fractions" + Self.part(name)
        case .quantileIsNaN(let name):
            "input to histogram_quantile has NaN observations, result is NaN" + Self.part(name)
        case .quantileIsSkewed(let name):
            "input to histogram_quantile has NaN observations, result is skewed higher"
                + Self.part(name)
        }
    }

    private static func part(_ metricName: String) -> String {
        metricName.isEmpty ? "" : " for metric name \(GoQuoting.quote(metricName))"
    }
}

extension Annotation {
    /// How far the buckets of classic histograms had to be raised to be cumulative; one info covers
    /// all groups and steps of a metric.
    struct RaisedBuckets: Sendable, Equatable {
        /// May be empty.
        var metricName: String
        var position: String
        var leastBound: Double
        var greatestBound: Double
        var largestDifference: Double
        var firstStep: Timestamp
        var lastStep: Timestamp
        var cases: Int

        /// As Prometheus `util/annotations`, `NewHistogramQuantileForcedMonotonicityInfo`.
        var text: String {
            """
            input to histogram_quantile needed to be fixed for monotonicity (see https://\
            prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)\
            \(Annotation.part(metricName)), from \
            buckets \(GoFloat.general(leastBound)) to \(GoFloat.general(greatestBound)), with a max \
            diff of \(GoFloat.general(largestDifference, digits: 2)), over \(cases) samples from \
            \(RFC3339.text(seconds: firstStep.wholeSeconds)) to \
            \(RFC3339.text(seconds: lastStep.wholeSeconds))
            """
        }

        /// Takes in another group's.
        mutating func merge(_ other: RaisedBuckets) {
            leastBound = Swift.min(leastBound, other.leastBound)
            greatestBound = Swift.max(greatestBound, other.greatestBound)
            largestDifference = Swift.max(largestDifference, other.largestDifference)
            firstStep = Swift.min(firstStep, other.firstStep)
            lastStep = Swift.max(lastStep, other.lastStep)
            cases += other.cases
        }
    }
}
