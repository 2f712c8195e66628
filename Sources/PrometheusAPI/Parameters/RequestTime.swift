/// Points in time as requests write them.
public enum RequestTime {
    /// The built-in extremes of the reference, also the defaults of optional bounds; ms.
    public static let minimum = (Int64.min / 1000 + 62_135_596_801) * 1000
    public static let maximum = (Int64.max / 1000 - 62_135_596_801) * 1000 + 999

    /// Milliseconds since the epoch: float seconds rounded to ms, RFC 3339 truncated to ms, or one
    /// of the two extremes. The error is what `cannot parse …` errors begin with.
    public static func parse(_ text: String) throws(APIError) -> Int64 {
        if let seconds = GoFloat.parse(text) { return milliseconds(seconds) }
        if text == "-292273086-05-16T16:47:06Z" { return minimum }
        if text == "292277025-08-18T07:12:54.999999999Z" { return maximum }
        if let time = rfc3339(Array(text.utf8)) { return time }
        throw .badData("cannot parse \(QuotedText.of(text)) to a valid timestamp")
    }

    /// Step by step as the reference, down to the rounding of each step: whole seconds, thousandths
    /// rounded, nanoseconds cut, milliseconds cut.
    private static func milliseconds(_ seconds: Double) -> Int64 {
        guard seconds.magnitude < 9e15 else { return seconds < 0 ? minimum : maximum }
        let whole = seconds.rounded(.towardZero)
        let thousandths = ((seconds - whole) * 1000).rounded(.toNearestOrAwayFromZero)
        var nanoseconds = Int64(thousandths / 1000 * 1e9)
        var base = Int64(whole)
        if nanoseconds < 0 {
            base -= 1
            nanoseconds += 1_000_000_000
        }
        return base * 1000 + nanoseconds / 1_000_000
    }

    private static func rfc3339(_ text: [UInt8]) -> Int64? {
        var rest = text[...]
        guard
            let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest),
            take("-", &rest), let day = digits(2, &rest), take("T", &rest),
            // Go takes an hour of one digit too.
            let hour = digits(2, &rest) ?? digits(1, &rest), take(":", &rest),
            let minute = digits(2, &rest), take(":", &rest), let second = digits(2, &rest)
        else { return nil }
        guard (1...12).contains(month), (1...daysIn(month, year)).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        var milliseconds = 0
        if take(".", &rest) || take(",", &rest) {
            let fraction = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard !fraction.isEmpty else { return nil }
            for place in 0..<3 {
                let digit = fraction.dropFirst(place).first ?? UInt8(ascii: "0")
                milliseconds = milliseconds * 10 + Int(digit) - 0x30
            }
            rest = rest[fraction.endIndex...]
        }
        var offset = 0
        if !take("Z", &rest) {
            let isWest = take("-", &rest)
            guard isWest || take("+", &rest), let hours = digits(2, &rest), take(":", &rest),
                let minutes = digits(2, &rest), hours <= 24, minutes <= 60
            else { return nil }
            offset = (hours * 60 + minutes) * (isWest ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        let seconds = (days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second - offset
        return Int64(seconds) * 1000 + Int64(milliseconds)
    }

    private static func take(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func digits(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        let run = rest.prefix(count)
        guard run.count == count, run.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        rest = rest.dropFirst(count)
        return run.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func daysIn(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since the epoch in the proleptic Gregorian calendar.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let before = year - 1
        let fromYears = before * 365 + before / 4 - before / 100 + before / 400
        let fromMonths = (1..<month).reduce(0) { $0 + daysIn($1, year) }
        return fromYears + fromMonths + day - 1 - 719_162
    }
}
