/// Warnings and infos of an evaluation: texts as Prometheus words them, position included, each
/// text (position left out) once.
public struct Annotations: Sendable, Equatable {
    /// Positions by text.
    private var warningPositions: [String: String] = [:]
    private var infoPositions: [String: String] = [:]
    /// By metric name: histograms whose buckets were raised.
    private var raisedBuckets: [String: Annotation.RaisedBuckets] = [:]
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

    /// Adds a warning or an info; `position` is `line:column`.
    public mutating func add(_ annotation: Annotation, at position: String) {
        let text = annotation.text
        if annotation.isWarning {
            if warningPositions[text] == nil { warningPositions[text] = position }
        } else if infoPositions[text] == nil {
            infoPositions[text] = position
        }
    }

    /// Adds a warning as it stands.
    public mutating func addForeignWarning(_ text: String) { foreignWarnings.insert(text) }

    /// Adds an info as it stands.
    public mutating func addForeignInfo(_ text: String) { foreignInfos.insert(text) }

    /// Makes the whole query an error.
    mutating func refuse(_ reason: String) {
        if refusal == nil { refusal = reason }
    }

    /// Adds one case of a start time that lies before the previous sample; cases are counted.
    mutating func addOverlap(ofMetric name: String, at position: String) {
        let text = Annotation.overlappingStartTime(metricName: name).text
        overlaps[text, default: (0, position)].count += 1
    }

    /// Adds one group's raised buckets to what is known of the same metric.
    mutating func addRaisedBuckets(_ raised: Annotation.RaisedBuckets) {
        raisedBuckets[raised.metricName]?.merge(raised)
        if raisedBuckets[raised.metricName] == nil { raisedBuckets[raised.metricName] = raised }
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
