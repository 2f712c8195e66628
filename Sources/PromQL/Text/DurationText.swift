internal import Quoting

/// Durations such as `1h30m`, as Prometheus `model.Duration` reads and writes them.
public enum DurationText {
    private static let units: [(name: String, milliseconds: UInt64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// The longest duration, about 292 years: where nanoseconds in 64 bits end.
    static let limit: Int64 = Int64.max / 1_000_000

    /// The milliseconds of a duration; each unit at most once, from large to small.
    ///
    /// - Throws: the reason in Prometheus's words, without a position.
    public static func milliseconds(of text: String) throws(ParseError) -> Int64 {
        if text == "0" { return 0 }
        var rest = text.utf8[...]
        var total: UInt64 = 0
        var nextUnit = 0
        guard !rest.isEmpty else { throw ParseError("empty duration string") }
        while !rest.isEmpty {
            let digits = rest.prefix(while: \.isDigit)
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isDigit }
            rest = rest.dropFirst(unit.count)
            let invalid = ParseError("not a valid duration string: \(GoQuoting.quote(text))")
            guard let count = UInt64(Substring(digits)), !unit.isEmpty else { throw invalid }
            let name = String(Substring(unit))
            guard let index = units.firstIndex(where: { $0.name == name }) else {
                throw ParseError(
                    "unknown unit \(GoQuoting.quote(name)) in duration \(GoQuoting.quote(text))")
            }
            guard index >= nextUnit else { throw invalid }
            nextUnit = index + 1
            let (product, isTooLarge) = count.multipliedReportingOverflow(
                by: units[index].milliseconds)
            guard !isTooLarge, product <= limit, total + product <= limit else {
                throw ParseError("duration out of range")
            }
            total += product
        }
        return Int64(total)
    }

    /// The canonical text of milliseconds; years and weeks only where the whole value divides.
    public static func text(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var out = milliseconds < 0 ? "-" : ""
        for unit in units {
            if unit.name == "y" || unit.name == "w", rest % unit.milliseconds != 0 { continue }
            let count = rest / unit.milliseconds
            if count > 0 { out += "\(count)\(unit.name)" }
            rest -= count * unit.milliseconds
        }
        return out
    }
}
