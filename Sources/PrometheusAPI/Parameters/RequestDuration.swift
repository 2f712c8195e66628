import GoText

/// Lengths of time as requests write them: float seconds, or units from years down to ms.
public enum RequestDuration {
    /// Nanoseconds.
    public static func parse(_ text: String) throws(APIError) -> Int64 {
        let quoted = GoQuoting.quote(text)
        if let seconds = GoFloat.parse(text) {
            // Go's conversion makes the least number of it.
            if seconds.isNaN { return .min }
            let nanoseconds = seconds * 1e9
            guard nanoseconds.magnitude < 0x1p63 else {
                throw .badData("cannot parse \(quoted) to a valid duration. It overflows int64")
            }
            return Int64(nanoseconds)
        }
        do throws(DurationText.Failure) {
            return try DurationText.milliseconds(text) * 1_000_000
        } catch {
            throw .badData("cannot parse \(quoted) to a valid duration")
        }
    }
}
