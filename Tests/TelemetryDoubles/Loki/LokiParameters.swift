import GoText

/// The parameters of a request as Loki reads them, with its refusals.
struct LokiParameters {
    let request: DoubleRequest
    /// Nanoseconds since 1970, for requests that name no time.
    let now: Int64
    /// The largest limit of a log query.
    let mostLines: Int

    struct Refusal: Error {
        var text: String
    }

    static let mostPoints = 11_000
    private static let longestRange: Int64 = 721 * 3_600_000_000_000

    /// The window of a range request: `since` counts from the end.
    func window() throws(Refusal) -> (start: Int64, end: Int64) {
        let end = try time("end") ?? now
        var since: Int64 = 3_600_000_000_000
        if let text = request.parameter("since") {
            guard let length = Quantities.nanoseconds(text) else {
                throw Refusal(
                    text: "could not parse 'since' parameter: not a valid duration string: "
                        + GoQuoting.quote(text))
            }
            since = Int64(length)
        }
        return (try time("start") ?? end - since, end)
    }

    /// The same for queries, which refuse more.
    func queryWindow() throws(Refusal) -> (start: Int64, end: Int64) {
        let (start, end) = try window()
        guard start <= end else {
            throw Refusal(text: "end timestamp must not be before or equal to start time")
        }
        guard end - start <= Self.longestRange else {
            let length = Self.longDuration((end - start) / 1_000_000_000)
            throw Refusal(
                text: "the query time range exceeds the limit "
                    + "(query length: \(length), limit: 30d1h)")
        }
        return (start, end)
    }

    private static func longDuration(_ seconds: Int64) -> String {
        "\(seconds / 3600)h\(seconds / 60 % 60)m\(seconds % 60)s"
    }

    private func time(_ name: String) throws(Refusal) -> Int64? {
        guard let text = request.parameter(name) else { return nil }
        guard let time = Self.time(text) else {
            throw Refusal(
                text: "could not parse '\(name)' parameter: strconv.ParseInt: "
                    + "parsing \(GoQuoting.quote(text)): invalid syntax")
        }
        return time
    }

    /// `time` of an instant query.
    func instant() throws(Refusal) -> Int64 {
        guard let text = request.parameter("time") else { return now }
        guard let time = Self.time(text) else {
            throw Refusal(
                text: "strconv.ParseInt: parsing \(GoQuoting.quote(text)): invalid syntax")
        }
        return time
    }

    /// Nanoseconds of a text: seconds with a fraction or of at most ten digits, nanoseconds, or a
    /// date.
    static func time(_ text: String) -> Int64? {
        if text.contains("."), let seconds = Double(text) {
            let whole = seconds.rounded(.down)
            return Int64(whole) * 1_000_000_000 + Int64(((seconds - whole) * 1000).rounded())
                * 1_000_000
        }
        if let number = Int64(text) {
            return text.utf8.count <= 10 ? number * 1_000_000_000 : number
        }
        return date(text)
    }

    private static func date(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else {
            return RFC3339.time(text).map { $0.milliseconds * 1_000_000 }
        }
        let digits = parts[1].prefix { $0.isNumber }
        let zone = parts[1].dropFirst(digits.count)
        guard let second = RFC3339.time(String(parts[0] + zone)), digits.count <= 9,
            let fraction = Int64(digits.padded(to: 9))
        else { return nil }
        return second.milliseconds * 1_000_000 + fraction
    }

    // MARK: Numbers

    /// `limit` of a log query.
    func limit() throws(Refusal) -> Int {
        guard let text = request.parameter("limit") else { return 100 }
        guard let limit = Int(text) else {
            throw Refusal(text: "strconv.Atoi: parsing \(GoQuoting.quote(text)): invalid syntax")
        }
        guard limit <= UInt32.max else {
            throw Refusal(text: "limit value \(limit) is out of range [0, 4294967295]")
        }
        guard limit > 0 else { throw Refusal(text: "limit must be a positive value") }
        return limit
    }

    func checkLines(_ limit: Int) throws(Refusal) {
        guard limit <= mostLines else {
            throw Refusal(
                text: "max entries limit per query exceeded, limit > max_entries_limit_per_query "
                    + "(\(limit) > \(mostLines))")
        }
    }

    func isForward() throws(Refusal) -> Bool {
        let text = request.parameter("direction") ?? "backward"
        switch text.lowercased() {
        case "forward": return true
        case "backward": return false
        default: throw Refusal(text: "invalid direction '\(text)'")
        }
    }

    /// Nanoseconds between points; the default gives some 250 of them.
    func step(_ window: (start: Int64, end: Int64)) throws(Refusal) -> Int64 {
        let seconds = (window.end - window.start) / 1_000_000_000
        let step =
            try length("step", allowsNegative: true) ?? max(1, seconds / 250) * 1_000_000_000
        guard step > 0 else {
            throw Refusal(
                text: "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        guard (window.end - window.start) / step <= Self.mostPoints else {
            throw Refusal(
                text: "exceeded maximum resolution of 11,000 points per time series. "
                    + "Try increasing the value of the step parameter")
        }
        return step
    }

    /// Nanoseconds of `interval`; 0 for none.
    func interval() throws(Refusal) -> Int64 {
        try length("interval", allowsNegative: false) ?? 0
    }

    func length(_ name: String, allowsNegative: Bool) throws(Refusal) -> Int64? {
        guard let text = request.parameter(name) else { return nil }
        if let seconds = Double(text) { return Int64(seconds * 1_000_000_000) }
        guard let length = Quantities.nanoseconds(text), allowsNegative || length >= 0 else {
            throw Refusal(text: "cannot parse \(GoQuoting.quote(text)) to a valid duration")
        }
        return Int64(length)
    }

    /// A number above zero, or the default.
    func count(_ name: String, default value: Int) -> Int {
        guard let number = request.parameter(name).flatMap({ Int($0) }), number > 0 else {
            return value
        }
        return number
    }
}

extension Substring {
    fileprivate func padded(to count: Int) -> String {
        self + String(repeating: "0", count: count - self.count)
    }
}
