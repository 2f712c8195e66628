/// A UTC date and time of the proleptic Gregorian calendar.
public struct CivilDate: Sendable, Equatable {
    public let year: Int64
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    /// 0 is Sunday.
    public let weekday: Int
    /// 1 is the first of January.
    public let dayOfYear: Int

    /// Seconds since 1970-01-01 00:00 UTC. Times that no calendar reaches wrap around as in Go's
    /// `time`, which counts from a year far enough back for unsigned numbers.
    public init(seconds: Int64) {
        let absolute = UInt64(bitPattern: seconds &+ 9_223_372_028_715_321_600)
        let days = Int64(absolute / 86_400) - 106_751_991_073_094
        let ofDay = Int(absolute % 86_400)
        hour = ofDay / 3600
        minute = ofDay % 3600 / 60
        second = ofDay % 60
        let sinceThursday = days % 7
        weekday = Int((sinceThursday + 4 + 7) % 7)

        // Years that begin in March put the leap day at their end; 146,097 days are 400 years.
        let shifted = days &+ 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfMarchYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfMarchYear + 2) / 153
        day = Int(dayOfMarchYear - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        var ordinal = day
        for earlier in 1..<13 where earlier < month {
            ordinal += Self.days(inMonth: earlier, of: year)
        }
        dayOfYear = ordinal
    }

    public var daysInMonth: Int { Self.days(inMonth: month, of: year) }

    public static func days(inMonth month: Int, of year: Int64) -> Int {
        switch month {
        case 2:
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            return isLeap ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }
}

extension CivilDate {
    /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let before = year - 1
        let fromYears = before * 365 + before / 4 - before / 100 + before / 400
        let fromMonths = (1..<month).reduce(0) { $0 + days(inMonth: $1, of: Int64(year)) }
        return fromYears + fromMonths + day - 1 - 719_162
    }
}

extension Int64 {
    /// Rounds toward minus infinity; `divisor` must be positive.
    public func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

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
        instant(text).map {
            Timestamp(milliseconds: $0.seconds * 1000 + $0.nanoseconds / 1_000_000)
        }
    }

    /// The seconds since the epoch, rounded down, and the nanoseconds behind them that a text says,
    /// its fraction cut to nanoseconds; nil when it is no such text.
    public static func instant(_ text: String) -> (seconds: Int64, nanoseconds: Int64)? {
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
        var nanoseconds = 0
        if take(".", &rest) || take(",", &rest) {
            let fraction = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard !fraction.isEmpty else { return nil }
            for place in 0..<9 {
                let digit = fraction.dropFirst(place).first ?? UInt8(ascii: "0")
                nanoseconds = nanoseconds * 10 + Int(digit) - 0x30
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
        return (Int64(seconds), Int64(nanoseconds))
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
