public import GoText

/// Points in time as the parameters `from` and `until` of `/render` write them: `now-1h`, a date
/// (`20241231`, in UTC), or a count since 1970 whose digits tell its unit: at most 10 for seconds, 13
/// for milliseconds, 16 for microseconds, 19 for nanoseconds. What is below a millisecond is cut off.
public enum RenderTime {
    /// - Throws: `invalid_argument` for a text that is no time.
    public static func parse(_ text: String, now: Timestamp) throws(ConnectError) -> Timestamp {
        let isDigits = !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        let time: Timestamp? = isDigits ? absolute(text) : relative(text, now: now)
        guard let time else {
            throw ConnectError(
                .invalidArgument,
                "\(GoQuoting.quote(text)) is no time: give now, now-1h, a date as 20241231, or "
                    + "seconds since 1970")
        }
        return time
    }

    private static func absolute(_ digits: String) -> Timestamp? {
        if digits.utf8.count == 8, let date = date(digits) { return date }
        guard let count = Int64(digits) else { return nil }
        switch digits.utf8.count {
        case ...10: return Timestamp(milliseconds: count * 1000)
        case 13: return Timestamp(milliseconds: count)
        case 16: return Timestamp(milliseconds: count / 1000)
        case 19: return Timestamp(milliseconds: count / 1_000_000)
        default: return nil
        }
    }

    private static func date(_ digits: String) -> Timestamp? {
        let (year, month, day) = (digits.prefix(4), digits.dropFirst(4).prefix(2), digits.suffix(2))
        return RFC3339.time("\(year)-\(month)-\(day)T00:00:00Z")
    }

    /// Units by their names; a month has 30 days, a year 365. A unit that begins with one of these
    /// names is it, so that `min` and `hours` are units too.
    private static let units: [(name: String, length: Milliseconds)] = [
        ("mon", 30 * 86_400_000), ("M", 30 * 86_400_000), ("s", 1000), ("m", 60_000),
        ("h", 3_600_000), ("d", 86_400_000), ("w", 7 * 86_400_000), ("y", 365 * 86_400_000),
    ]

    /// `now`, and behind it a sign and lengths; a number without a unit adds nothing.
    private static func relative(_ text: String, now: Timestamp) -> Timestamp? {
        var rest = text.utf8[...]
        if rest.starts(with: "now".utf8) {
            rest = rest.dropFirst(3)
            if rest.isEmpty { return now }
        }
        guard let sign = rest.popFirst(), sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+"),
            !rest.isEmpty
        else { return nil }
        var time = now
        while !rest.isEmpty {
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0 < 0x30 || $0 > 0x39 }
            rest = rest[name.endIndex...]
            guard let count = Int64(String(Substring(digits))) else { return nil }
            if name.isEmpty { continue }
            guard let unit = units.first(where: { name.starts(with: $0.name.utf8) }) else {
                return nil
            }
            let (length, isTooLong) = unit.length.count.multipliedReportingOverflow(by: count)
            guard !isTooLong else { return nil }
            time = time.clampedSum(Milliseconds(sign == UInt8(ascii: "-") ? -length : length))
        }
        return time
    }
}
