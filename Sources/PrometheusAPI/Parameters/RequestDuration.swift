/// Lengths of time as requests write them: float seconds, or units from years down to ms.
public enum RequestDuration {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("y", 365 * 86_400_000_000_000), ("w", 7 * 86_400_000_000_000), ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
    ]

    /// Nanoseconds.
    public static func parse(_ text: String) throws(APIError) -> Int64 {
        let quoted = QuotedText.of(text)
        if let seconds = GoFloat.parse(text) {
            // Go's conversion makes the least number of it.
            if seconds.isNaN { return .min }
            let nanoseconds = seconds * 1e9
            guard nanoseconds.magnitude < 0x1p63 else {
                throw .badData("cannot parse \(quoted) to a valid duration. It overflows int64")
            }
            return Int64(nanoseconds)
        }
        guard let nanoseconds = units(text) else {
            throw .badData("cannot parse \(quoted) to a valid duration")
        }
        return nanoseconds
    }

    /// Each unit at most once, in falling order; whole numbers only.
    private static func units(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total: Int64 = 0
        var remaining = units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int64(digits) else { return nil }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            guard let index = remaining.firstIndex(where: { $0.name == name }) else { return nil }
            let (part, overflow) = number.multipliedReportingOverflow(
                by: remaining[index].nanoseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(part)
            if overflow || sumOverflow { return nil }
            total = sum
            remaining = remaining[(index + 1)...]
            rest = rest[name.endIndex...]
        }
        return total
    }
}
