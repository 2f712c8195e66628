/// Points in time as RFC 3339 writes them, with Go's latitude.
public enum RFC3339 {
    /// In UTC, without trailing zeros of the fraction: `2024-12-31T23:59:59.5Z`.
    public static func text(_ time: Timestamp) -> String {
        let seconds = time.milliseconds.floorDivided(by: 1000)
        let fraction = time.milliseconds &- seconds &* 1000
        var digits = fraction == 0 ? "" : "." + padded(fraction, 3)
        while digits.last == "0" { digits.removeLast() }
        return text(seconds: seconds, fraction: digits)
    }

    /// In UTC; `seconds` are those since the epoch, `fraction` is written behind them as it is.
    public static func text(seconds: Int64, fraction: String = "") -> String {
        let date = CivilDate(seconds: seconds)
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
            + padded(date.hour, 2) + ":" + padded(date.minute, 2) + ":" + padded(date.second, 2)
            + fraction + "Z"
    }

    /// The time that a text says, its fraction cut to milliseconds; nil when it is no such text.
    public static func time(_ text: String) -> Timestamp? {
        var rest = Array(text.utf8)[...]
        guard
            let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest),
            take("-", &rest), let day = digits(2, &rest), take("T", &rest),
            // Go takes an hour of one digit too.
            let hour = digits(2, &rest) ?? digits(1, &rest), take(":", &rest),
            let minute = digits(2, &rest), take(":", &rest), let second = digits(2, &rest)
        else { return nil }
        guard (1...12).contains(month), day >= 1,
            day <= CivilDate.days(inMonth: month, of: Int64(year)), hour < 24,
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
        let seconds =
            (CivilDate.days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second - offset
        return Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(milliseconds))
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

    private static func padded(_ value: some BinaryInteger, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
