/// Durations such as `1h30m`, as Prometheus `model.Duration`.
public enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]
    /// About 292 years, where Go's nanoseconds end.
    static let limit: Int64 = Int64.max / 1_000_000

    /// Milliseconds of a duration; each unit at most once, from large to small.
    ///
    /// - Throws: the reason in Prometheus's words, without position.
    public static func milliseconds(of text: String) throws(ParseError) -> Int64 {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total: Int64 = 0
        var nextUnit = 0
        guard !rest.isEmpty else { throw ParseError("empty duration string") }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) }
            rest = rest[unit.endIndex...]
            guard !digits.isEmpty,
                let index = units[nextUnit...].firstIndex(where: { $0.name == unit })
            else {
                throw ParseError("not a valid duration string: \(GoQuoting.quote(text))")
            }
            guard let count = Int64(digits) else { throw ParseError("duration out of range") }
            let (product, overflow) = count.multipliedReportingOverflow(
                by: units[index].milliseconds)
            let (sum, tooMuch) = total.addingReportingOverflow(product)
            guard !overflow, !tooMuch, sum <= limit else {
                throw ParseError("duration out of range")
            }
            total = sum
            nextUnit = index + 1
        }
        return total
    }

    /// The canonical text; years and weeks only where the whole value divides.
    public static func text(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var out = milliseconds < 0 ? "-" : ""
        for unit in units {
            let size = unit.milliseconds.magnitude
            if unit.name == "y" || unit.name == "w", rest % size != 0 { continue }
            if rest >= size {
                out += "\(rest / size)\(unit.name)"
                rest %= size
            }
        }
        return out
    }
}
