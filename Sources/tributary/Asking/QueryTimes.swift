import ArgumentParser
import CommandLineOutput
import GoText
import PrometheusWire

/// The times of a query, as they are typed.
struct QueryTimes: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help:
            "Time of an instant query, such as -5m, '2026-11-26 15:04' or seconds; now by default.")
    var time: String?
    @Option(
        name: [.customLong("start"), .customLong("since")], parsing: .unconditional,
        help: "Start of a range query, written as --time is: 1h is an hour ago.")
    var start: String?
    @Option(
        name: [.customLong("end"), .customLong("until")], parsing: .unconditional,
        help: "End of a range query; now by default.")
    var end: String?
    @Option(help: "Step of a range query: a duration, seconds, or auto, the default.")
    var step: String?

    var isRange: Bool { start != nil }

    /// Both ends, and what is between two points.
    struct Range {
        var start: Timestamp
        var end: Timestamp
        /// As the API reads it.
        var step: Duration
    }

    func validate() throws {
        if start == nil {
            if end != nil { throw ValidationError("--end needs --start.") }
            if step != nil { throw ValidationError("--step needs --start.") }
        } else if time != nil {
            throw ValidationError("--time belongs to an instant query.")
        }
        let now = WallClock.now()
        _ = try instant(now)
        _ = try range(now, points: 250)
    }

    /// Nil when no time is given.
    func instant(_ now: Timestamp) throws -> Timestamp? {
        try time.map { try Self.time("--time", $0, now) }
    }

    /// Nil for an instant query.
    ///
    /// - Parameters:
    ///   - fallback: Where a range starts that names no start.
    ///   - points: The most that a step of our own gives.
    func range(_ now: Timestamp, fallback: String? = nil, points: Int) throws -> Range? {
        guard let start = start ?? fallback else { return nil }
        let from = try Self.time("--start", start, now)
        let to = try Self.time("--end", end ?? "now", now)
        guard from <= to, let length = to.distance(from: from) else {
            throw ValidationError("--end is before --start.")
        }
        return Range(start: from, end: to, step: try step(length, points))
    }

    private func step(_ length: Milliseconds, _ points: Int) throws -> Duration {
        guard let step, step != "auto" else {
            return TimeWords.step(over: length, points: points).duration
        }
        guard let duration = try? RequestDuration.parse(step), duration > .zero else {
            throw ValidationError("--step is auto, seconds above 0, or a duration such as 30s.")
        }
        return duration
    }

    private static func time(_ name: String, _ text: String, _ now: Timestamp) throws -> Timestamp {
        do throws(TimeWords.Problem) {
            return try TimeWords.time(text, now: now)
        } catch {
            throw ValidationError("\(name): \(error).")
        }
    }
}

extension Timestamp {
    /// Seconds since the epoch, as requests have them.
    var requestText: String { GoFloat.plain(seconds) }
}

extension QueryTimes.Range {
    /// As requests have them.
    var parameters: [(name: String, value: String)] {
        [
            ("start", start.requestText), ("end", end.requestText),
            ("step", GoFloat.plain(step / .seconds(1))),
        ]
    }
}
