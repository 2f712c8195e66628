public import GoText
import PrometheusWire

/// A point in time in whole nanoseconds since the epoch, as lines of logs carry it.
///
/// An integer literal is a count of nanoseconds.
public struct LogTime: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    /// Since the epoch; negative before 1970.
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public init(integerLiteral value: Int64) { nanoseconds = value }

    /// A time of samples; one that is too far away becomes the end of time in its direction.
    public init(_ time: Timestamp) {
        let (product, overflows) = time.milliseconds.multipliedReportingOverflow(by: 1_000_000)
        nanoseconds = overflows ? (time.milliseconds < 0 ? .min : .max) : product
    }

    public static let min = LogTime(nanoseconds: .min)
    public static let max = LogTime(nanoseconds: .max)

    /// Rounded down to milliseconds, as samples carry it.
    public var timestamp: Timestamp {
        Timestamp(milliseconds: nanoseconds.floorDivided(by: 1_000_000))
    }

    /// The count of nanoseconds in decimal digits, as parameters and lines have it.
    public var text: String { String(nanoseconds) }

    public static func < (a: LogTime, b: LogTime) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The sum, or the end of time in its direction where the sum does not fit.
    public static func + (time: LogTime, length: Duration) -> LogTime {
        let (sum, overflows) = time.nanoseconds.addingReportingOverflow(length.clampedNanoseconds)
        return LogTime(nanoseconds: overflows ? (length < .zero ? .min : .max) : sum)
    }

    /// The difference, or the end of time in its direction where the difference does not fit.
    public static func - (time: LogTime, length: Duration) -> LogTime {
        let (difference, overflows) =
            time.nanoseconds.subtractingReportingOverflow(length.clampedNanoseconds)
        return LogTime(nanoseconds: overflows ? (length < .zero ? .max : .min) : difference)
    }

    /// The nanoseconds from `other` to this, or as many as fit into 64 bits.
    public func nanoseconds(since other: LogTime) -> Int64 {
        let (length, overflows) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        return overflows ? (other.nanoseconds < 0 ? .max : .min) : length
    }
}

extension Duration {
    /// In whole nanoseconds, or the most that fits into 64 bits in its direction.
    var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carries) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflows || carries ? (seconds < 0 ? .min : .max) : sum
    }
}

extension LogTime {
    /// Why a text is no time, in Loki's words without the name of the parameter.
    struct Failure: Error {
        var text: String
    }

    /// A time as requests write it: with a point float seconds; ten digits or fewer are seconds, more
    /// are nanoseconds; else RFC 3339 with up to nine decimals.
    init(parsing text: String) throws(Failure) {
        if text.utf8.contains(UInt8(ascii: ".")), let seconds = GoFloat.parse(text) {
            self = Self.time(seconds)
            return
        }
        do throws(Failure) {
            let number = try DecimalNumber.int64(text, function: "ParseInt")
            self = text.utf8.count <= 10 ? LogTime(seconds: number) : LogTime(nanoseconds: number)
        } catch {
            guard let instant = RFC3339.instant(text) else { throw error }
            self = LogTime(seconds: instant.seconds) + .nanoseconds(instant.nanoseconds)
        }
    }

    private init(seconds: Int64) {
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        nanoseconds = overflows ? (seconds < 0 ? .min : .max) : product
    }

    /// Float seconds, rounded to milliseconds step by step as Loki does.
    private static func time(_ seconds: Double) -> LogTime {
        guard seconds.magnitude < 9.2e9 else { return seconds < 0 ? .min : .max }
        let whole = seconds.rounded(.towardZero)
        let thousandths = ((seconds - whole) * 1000).rounded(.toNearestOrAwayFromZero)
        return LogTime(nanoseconds: Int64(whole) * 1_000_000_000 + Int64(thousandths / 1000 * 1e9))
    }
}

/// Whole numbers as Go's `strconv` reads them, with its words for what is none.
enum DecimalNumber {
    /// - Parameter function: the one that Loki calls, which its error names.
    static func int64(_ text: String, function: String) throws(LogTime.Failure) -> Int64 {
        let digits = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        let prefix = "strconv.\(function): parsing \(GoQuoting.quote(text)): "
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw LogTime.Failure(text: prefix + "invalid syntax")
        }
        guard let number = Int64(text) else {
            throw LogTime.Failure(text: prefix + "value out of range")
        }
        return number
    }
}
