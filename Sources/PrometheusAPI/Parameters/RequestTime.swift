import GoText

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
        if let time = RFC3339.milliseconds(text) { return time }
        throw .badData("cannot parse \(GoQuoting.quote(text)) to a valid timestamp")
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
}
