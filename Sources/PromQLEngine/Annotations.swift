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

/// Warnings and infos of an evaluation: texts as Prometheus words them, position included, each
/// text (position left out) once.
public struct Annotations: Sendable, Equatable {
    /// How far the buckets of classic histograms had to be raised to be cumulative; one annotation
    /// covers all groups and steps of a metric.
    struct RaisedBuckets: Sendable, Equatable {
        var metricNamePart: String
        var position: String
        var leastBound: Double
        var greatestBound: Double
        var largestDifference: Double
        /// Milliseconds.
        var firstStep: Int64
        var lastStep: Int64
        var cases: Int
    }

    /// Positions by text.
    private var warningPositions: [String: String] = [:]
    private var infoPositions: [String: String] = [:]
    /// By name part: histograms whose buckets were raised.
    private var raisedBuckets: [String: RaisedBuckets] = [:]
    /// By text: how often a start time overlapped, and where it was read.
    private var overlaps: [String: (count: Int, position: String)] = [:]
    /// What a source reported, in its own words.
    private var foreignWarnings: Set<String> = []
    private var foreignInfos: Set<String> = []
    /// Why the query cannot be answered, found where no error can be thrown: the first reason.
    private(set) var refusal: String?

    public init() {}

    /// Starting `PromQL warning: `, or a storage's own words.
    public var warnings: Set<String> {
        var all = foreignWarnings
        for (text, position) in warningPositions {
            all.insert("PromQL warning: \(text) (\(position))")
        }
        for (text, overlap) in overlaps {
            let count = overlap.count > 1 ? " (\(overlap.count) occurrences)" : ""
            all.insert("PromQL warning: \(text)\(count) (\(overlap.position))")
        }
        return all
    }

    /// Starting `PromQL info: `, or a storage's own words.
    public var infos: Set<String> {
        var all = foreignInfos
        for (text, position) in infoPositions {
            all.insert("PromQL info: \(text) (\(position))")
        }
        for raised in raisedBuckets.values {
            all.insert("PromQL info: \(raised.text) (\(raised.position))")
        }
        return all
    }

    public var isEmpty: Bool {
        warningPositions.isEmpty && infoPositions.isEmpty && raisedBuckets.isEmpty
            && overlaps.isEmpty && foreignWarnings.isEmpty && foreignInfos.isEmpty
    }

    /// Adds a warning; `text` has neither prefix nor position, `position` is `line:column`.
    public mutating func addWarning(_ text: String, at position: String) {
        if warningPositions[text] == nil { warningPositions[text] = position }
    }

    /// Adds an info; `text` has neither prefix nor position, `position` is `line:column`.
    public mutating func addInfo(_ text: String, at position: String) {
        if infoPositions[text] == nil { infoPositions[text] = position }
    }

    /// Adds a warning as it stands.
    public mutating func addForeignWarning(_ text: String) { foreignWarnings.insert(text) }

    /// Adds an info as it stands.
    public mutating func addForeignInfo(_ text: String) { foreignInfos.insert(text) }

    /// Makes the whole query an error.
    mutating func refuse(_ reason: String) {
        if refusal == nil { refusal = reason }
    }

    /// Adds one case of a start time that lies before the previous sample.
    mutating func addOverlap(_ text: String, at position: String) {
        overlaps[text, default: (0, position)].count += 1
    }

    /// Adds one group's raised buckets to what is known of the same metric.
    mutating func addRaisedBuckets(_ raised: RaisedBuckets) {
        guard var known = raisedBuckets[raised.metricNamePart] else {
            raisedBuckets[raised.metricNamePart] = raised
            return
        }
        known.leastBound = Swift.min(known.leastBound, raised.leastBound)
        known.greatestBound = Swift.max(known.greatestBound, raised.greatestBound)
        known.largestDifference = Swift.max(known.largestDifference, raised.largestDifference)
        known.firstStep = Swift.min(known.firstStep, raised.firstStep)
        known.lastStep = Swift.max(known.lastStep, raised.lastStep)
        known.cases += raised.cases
        raisedBuckets[raised.metricNamePart] = known
    }

    public mutating func merge(_ other: Annotations) {
        warningPositions.merge(other.warningPositions) { first, _ in first }
        infoPositions.merge(other.infoPositions) { first, _ in first }
        for raised in other.raisedBuckets.values { addRaisedBuckets(raised) }
        for (text, overlap) in other.overlaps {
            overlaps[text, default: (0, overlap.position)].count += overlap.count
        }
        foreignWarnings.formUnion(other.foreignWarnings)
        foreignInfos.formUnion(other.foreignInfos)
        if let reason = other.refusal { refuse(reason) }
    }

    public static func == (lhs: Annotations, rhs: Annotations) -> Bool {
        lhs.warnings == rhs.warnings && lhs.infos == rhs.infos
    }
}

extension Annotations.RaisedBuckets {
    /// As Prometheus `util/annotations`, `NewHistogramQuantileForcedMonotonicityInfo`.
    var text: String {
        """
        input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/\
        docs/prometheus/latest/querying/functions/#histogram_quantile)\(metricNamePart), from \
        buckets \(GoFloat.general(leastBound)) to \(GoFloat.general(greatestBound)), with a max diff \
        of \(GoFloat.general(largestDifference, digits: 2)), over \(cases) samples from \
        \(RFC3339.text(seconds: firstStep.floorDivided(by: 1000))) to \(RFC3339.text(seconds: lastStep.floorDivided(by: 1000)))
        """
    }
}
