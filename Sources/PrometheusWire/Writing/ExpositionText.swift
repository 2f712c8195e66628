/// Metrics in the Prometheus text format; the samples of a family in label order, so that two
/// scrapes can be compared.
public struct ExpositionText: Sendable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    public struct Sample: Sendable {
        public var suffix: String
        public var labels: [(name: String, value: String)]
        public var value: Double
    }

    public struct Family: Sendable {
        public var name: String
        public var kind: Kind
        public var help: String
        public var samples: [Sample] = []
    }

    public private(set) var families: [Family] = []

    public init() {}

    /// Begins a family; the samples that follow belong to it.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        families.append(Family(name: name, kind: kind, help: help))
    }

    public mutating func sample(
        suffix: String = "", _ labels: [(name: String, value: String)], _ value: Double
    ) {
        guard let last = families.indices.last else { return }
        families[last].samples.append(Sample(suffix: suffix, labels: labels, value: value))
    }

    public mutating func append(_ other: ExpositionText) { families += other.families }

    public var text: String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(family.help)\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            // Buckets stay in the order of their bounds.
            var lines = family.samples.map { Self.line($0, of: family.name) }
            if family.kind != .histogram { lines.sort() }
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
