/// Metrics in the Prometheus text format; the samples of a family in label order, so that two
/// scrapes can be compared.
struct ExpositionText: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    private struct Family {
        var name: String
        var kind: Kind
        var help: String
        var lines: [String] = []
    }

    private var families: [Family] = []

    /// Begins a family; the samples that follow belong to it.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        families.append(Family(name: name, kind: kind, help: help))
    }

    mutating func sample(
        suffix: String = "", _ labels: [(name: String, value: String)], _ value: Double
    ) {
        guard let last = families.indices.last else { return }
        let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        let shown = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        families[last].lines.append("\(families[last].name)\(suffix)\(shown) \(Self.number(value))")
    }

    mutating func append(_ other: ExpositionText) { families += other.families }

    var text: String {
        var text = ""
        for family in families where !family.lines.isEmpty {
            text += "# HELP \(family.name) \(family.help)\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            // Buckets stay in the order of their bounds.
            let lines = family.kind == .histogram ? family.lines : family.lines.sorted()
            for line in lines { text += line + "\n" }
        }
        return text
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
