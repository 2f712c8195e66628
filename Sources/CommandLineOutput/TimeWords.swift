public import GoText
import PrometheusWire

/// Times as people type them: absolute, or relative to now. All are in UTC.
///
///     now   now-1h   -5m   1h ago   today   yesterday   2026-11-26   2026-11-26 15:04
///     2026-11-26T15:04:05Z   1764169445.5
public enum TimeWords {
    /// Why a text is no time.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var text: String

        public var description: String {
            "\(GoQuoting.quote(text)) is no time: write now, -5m, 1h, now-1h, today, yesterday, "
                + "2026-11-26, 2026-11-26 15:04, RFC 3339 or seconds since 1970; all are in UTC"
        }
    }

    /// The point in time that a text says. A length of time alone is that long ago.
    ///
    /// - Parameter now: What relative times count from.
    public static func time(_ text: String, now: Timestamp) throws(Problem) -> Timestamp {
        let words = text.split(separator: " ").joined(separator: " ")
        guard let time = absolute(words, now) ?? relative(words, now) else {
            throw Problem(text: text)
        }
        return time
    }

    private static func absolute(_ text: String, _ now: Timestamp) -> Timestamp? {
        let day: Milliseconds = 86_400_000
        let today = Timestamp(
            milliseconds: now.milliseconds.floorDivided(by: day.count) &* day.count)
        switch text {
        case "now": return now
        case "today": return today
        case "yesterday": return today &- day
        default: break
        }
        if let time = try? RequestTime.parse(text) { return time }
        // A date, perhaps with a time of day, perhaps with a zone.
        let parts = text.split(separator: " ", maxSplits: 1)
        let halves = parts.count == 2 ? parts : text.split(separator: "T", maxSplits: 1)
        guard let date = halves.first, date.count == 10 else { return nil }
        let clock = halves.count == 2 ? String(halves[1]) : "00:00:00"
        for form in [clock, clock + ":00", clock + "Z", clock + ":00Z"] {
            if let time = RFC3339.time("\(date)T\(form)") { return time }
        }
        return nil
    }

    private static func relative(_ text: String, _ now: Timestamp) -> Timestamp? {
        var rest = text[...]
        var isLater = false
        if rest.hasPrefix("now") {
            rest = rest.dropFirst(3)
            guard rest.first == "-" || rest.first == "+" else { return nil }
        } else if rest.hasSuffix(" ago") {
            rest = rest.dropLast(4)
        }
        if rest.first == "-" || rest.first == "+" {
            isLater = rest.first == "+"
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty, let length = try? DurationText.length(String(rest)) else { return nil }
        return now.clampedSum(isLater ? length : -length)
    }

    /// A step of a round length, at which a range has at most so many points.
    public static func step(over length: Milliseconds, points: Int) -> Milliseconds {
        let wanted = max(1, length.count) / Int64(max(1, points)) + 1
        let round: [Int64] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600]
        if let step = round.first(where: { $0 * 1000 >= wanted }) {
            return Milliseconds(step * 1000)
        }
        let hour: Int64 = 3_600_000
        return Milliseconds((wanted + hour - 1) / hour * hour)
    }
}
