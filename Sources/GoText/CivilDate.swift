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
