/// What a family of metrics is, declared once: `/metrics` and its reference page are made from it.
public struct MetricFamily: Sendable, Hashable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// As Prometheus stores it: that of a counter ends in `_total`.
    public var name: String
    public var kind: Kind
    public var help: String
    /// The labels that its samples may have, but for the `le` of histograms.
    public var labels: [String]

    public init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    /// The name without what OpenMetrics adds to the samples of a counter.
    var base: String {
        kind == .counter && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
    }

    /// The base unit that the name ends in; nil where it is a number of things.
    public var unit: String? {
        ["seconds", "bytes", "ratio"].first { base.hasSuffix("_" + $0) }
    }
}

/// Metrics in the Prometheus text format and in OpenMetrics; the samples of a family in label order,
/// so that two scrapes can be compared.
public struct ExpositionText: Sendable {
    public struct Sample: Sendable {
        public var suffix: String
        public var labels: [(name: String, value: String)]
        public var value: Double
    }

    public struct Family: Sendable {
        public var declared: MetricFamily
        public var samples: [Sample] = []
    }

    public private(set) var families: [Family] = []

    public init() {}

    /// Begins a family; the samples that follow belong to it.
    public mutating func family(_ family: MetricFamily) {
        families.append(Family(declared: family))
    }

    public mutating func sample(
        suffix: String = "", _ labels: [(name: String, value: String)], _ value: Double
    ) {
        guard let last = families.indices.last else { return }
        families[last].samples.append(Sample(suffix: suffix, labels: labels, value: value))
    }

    /// A family of one sample without labels.
    public mutating func family(_ family: MetricFamily, is value: Double) {
        self.family(family)
        sample([], value)
    }

    public mutating func append(_ other: ExpositionText) { families += other.families }

    /// Text format 0.0.4.
    public var text: String { written(isOpenMetrics: false) }

    /// OpenMetrics 1.0.0.
    public var openMetrics: String { written(isOpenMetrics: true) + "# EOF\n" }

    private func written(isOpenMetrics: Bool) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            let declared = family.declared
            let name = isOpenMetrics ? declared.base : declared.name
            text += "# HELP \(name) \(declared.help)\n"
            text += "# TYPE \(name) \(declared.kind.rawValue)\n"
            if isOpenMetrics, let unit = declared.unit { text += "# UNIT \(name) \(unit)\n" }
            // Buckets stay in the order of their bounds.
            var lines = family.samples.map { Self.line($0, of: declared.name) }
            if declared.kind != .histogram { lines.sort() }
            for line in lines { text += line + "\n" }
        }
        return text
    }

    private static func line(_ sample: Sample, of name: String) -> String {
        let pairs = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }
        let shown = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        return "\(name)\(sample.suffix)\(shown) \(number(sample.value))"
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }
}

/// Durations counted into fixed buckets, from 5 ms to 2 minutes.
public struct DurationHistogram: Sendable, Equatable {
    public static let bounds = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ]

    /// Each bucket's own count; the last one is for everything above the bounds.
    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private var sum = 0.0

    public init() {}

    public mutating func observe(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += seconds
    }

    /// How many durations were counted.
    public var count: Int { counts.reduce(0, +) }

    /// Adds the samples of the family that was begun last.
    public func append(labels: [(name: String, value: String)], to text: inout ExpositionText) {
        var cumulative = 0
        for (bound, count) in zip(Self.bounds, counts) {
            cumulative += count
            text.sample(suffix: "_bucket", labels + [("le", "\(bound)")], Double(cumulative))
        }
        let total = count
        text.sample(suffix: "_bucket", labels + [("le", "+Inf")], Double(total))
        text.sample(suffix: "_sum", labels, sum)
        text.sample(suffix: "_count", labels, Double(total))
    }
}
