/// Durations as Prometheus writes them: `1h30m`, `15s`, `500ms`, `1d`; each unit at most once, from
/// the largest to the smallest.
public enum DurationSyntax {
    /// Milliseconds a unit; a year has 365 days.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The longest time that can be configured, in milliseconds: ten years.
    public static let longest: Int64 = 10 * 365 * 86_400_000

    /// Milliseconds, or nil when the text is not a duration or too long to count.
    public static func milliseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = text[...]
        var total: Int64 = 0
        var nextUnit = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let amount = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = units.firstIndex(where: { $0.name == name }), unit >= nextUnit else {
                return nil
            }
            nextUnit = unit + 1
            let (part, partOverflow) = amount.multipliedReportingOverflow(
                by: units[unit].milliseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(part)
            if partOverflow || sumOverflow { return nil }
            total = sum
        }
        return total
    }

    /// The shortest such text, without years and weeks unless they are whole, as Prometheus
    /// (`common/model/time.go`).
    public static func text(milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        for unit in units {
            let size = unit.milliseconds.magnitude
            if unit.name == "y" || unit.name == "w", rest % size != 0 { continue }
            if rest >= size {
                text += "\(rest / size)\(unit.name)"
                rest %= size
            }
        }
        return text
    }
}
