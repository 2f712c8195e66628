import GoText

/// The `Date` header: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func now() -> String {
        text(secondsSinceEpoch: WallClock.milliseconds().floorDivided(by: 1000))
    }

    static func text(secondsSinceEpoch seconds: Int64) -> String {
        let date = CivilDate(seconds: seconds)
        let clock = [date.hour, date.minute, date.second].map(twoDigits).joined(separator: ":")
        return "\(days[date.weekday]), \(twoDigits(date.day)) \(months[date.month - 1]) "
            + "\(date.year) \(clock) GMT"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
