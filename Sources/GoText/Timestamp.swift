/// A point in time, in whole milliseconds since the epoch, as samples carry it.
///
/// An integer literal is a count of milliseconds: `let time: Timestamp = 1_700_000_000_000`.
@frozen
public struct Timestamp: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    /// Since the epoch; negative before 1970.
    public var milliseconds: Int64

    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    @inlinable public init(integerLiteral value: Int64) { milliseconds = value }

    /// Seconds since the epoch, what is below a millisecond cut off.
    public init(seconds: Double) { self.init(milliseconds: Int64(seconds * 1000)) }

    public static let epoch: Timestamp = 0
    public static let min = Timestamp(milliseconds: .min)
    public static let max = Timestamp(milliseconds: .max)

    /// Seconds since the epoch, as the nearest float.
    @inlinable public var seconds: Double { Double(milliseconds) / 1000 }

    /// Whole seconds since the epoch, rounded down.
    public var wholeSeconds: Int64 { milliseconds.floorDivided(by: 1000) }

    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool {
        a.milliseconds < b.milliseconds
    }

    @inlinable public static func + (time: Timestamp, length: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds + length.count)
    }

    @inlinable public static func - (time: Timestamp, length: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds - length.count)
    }

    /// The length of time from `b` to `a`.
    @inlinable public static func - (a: Timestamp, b: Timestamp) -> Milliseconds {
        Milliseconds(a.milliseconds - b.milliseconds)
    }

    @inlinable public static func += (time: inout Timestamp, length: Milliseconds) {
        time = time + length
    }

    @inlinable public static func -= (time: inout Timestamp, length: Milliseconds) {
        time = time - length
    }

    /// Wraps around where the sum does not fit, as Go's integers do.
    @inlinable public static func &+ (time: Timestamp, length: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds &+ length.count)
    }

    /// Wraps around where the difference does not fit, as Go's integers do.
    @inlinable public static func &- (time: Timestamp, length: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds &- length.count)
    }

    /// Wraps around where the difference does not fit, as Go's integers do.
    @inlinable public static func &- (a: Timestamp, b: Timestamp) -> Milliseconds {
        Milliseconds(a.milliseconds &- b.milliseconds)
    }

    /// The sum, or the end of time in its direction where the sum does not fit.
    @inlinable public func clampedSum(_ length: Milliseconds) -> Timestamp {
        let (sum, overflows) = milliseconds.addingReportingOverflow(length.count)
        if !overflows { return Timestamp(milliseconds: sum) }
        return length.count < 0 ? .min : .max
    }

    /// The length of time from `other` to this; nil where it does not fit.
    @inlinable public func distance(from other: Timestamp) -> Milliseconds? {
        let (length, overflows) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        return overflows ? nil : Milliseconds(length)
    }
}

extension Timestamp: CustomStringConvertible {
    /// The count of milliseconds since the epoch in decimal digits, as Prometheus's texts print it.
    public var description: String { String(milliseconds) }
}

/// A length of time in whole milliseconds, as PromQL counts ranges, offsets, steps and lookback.
///
/// An integer literal is a count of milliseconds: `let lookback: Milliseconds = 300_000`.
@frozen
public struct Milliseconds: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    /// How many milliseconds; negative for a length that goes back.
    public var count: Int64

    @inlinable public init(_ count: Int64) { self.count = count }
    @inlinable public init(integerLiteral value: Int64) { count = value }

    /// The whole milliseconds of a duration, clamped to what fits.
    public init(_ duration: Duration) { count = duration.wholeMilliseconds }

    public static let zero: Milliseconds = 0
    public static let min = Milliseconds(Int64.min)
    public static let max = Milliseconds(Int64.max)

    /// In seconds, as the nearest float.
    @inlinable public var seconds: Double { Double(count) / 1000 }

    public var duration: Duration { .milliseconds(count) }

    @inlinable public static func < (a: Milliseconds, b: Milliseconds) -> Bool { a.count < b.count }

    @inlinable public static prefix func - (length: Milliseconds) -> Milliseconds {
        Milliseconds(-length.count)
    }

    @inlinable public static func + (a: Milliseconds, b: Milliseconds) -> Milliseconds {
        Milliseconds(a.count + b.count)
    }

    @inlinable public static func - (a: Milliseconds, b: Milliseconds) -> Milliseconds {
        Milliseconds(a.count - b.count)
    }

    @inlinable public static func += (a: inout Milliseconds, b: Milliseconds) { a = a + b }
    @inlinable public static func -= (a: inout Milliseconds, b: Milliseconds) { a = a - b }

    /// Wraps around where the sum does not fit, as Go's integers do.
    @inlinable public static func &+ (a: Milliseconds, b: Milliseconds) -> Milliseconds {
        Milliseconds(a.count &+ b.count)
    }

    @inlinable public static func &+= (a: inout Milliseconds, b: Milliseconds) { a = a &+ b }

    /// Wraps around where the difference does not fit, as Go's integers do.
    @inlinable public static func &- (a: Milliseconds, b: Milliseconds) -> Milliseconds {
        Milliseconds(a.count &- b.count)
    }

    /// So many times the length.
    @inlinable public static func * (length: Milliseconds, times: Int64) -> Milliseconds {
        Milliseconds(length.count * times)
    }

    /// The part of the length, rounded towards zero.
    @inlinable public static func / (length: Milliseconds, parts: Int64) -> Milliseconds {
        Milliseconds(length.count / parts)
    }

    /// How often `b` fits into `a`, rounded towards zero.
    @inlinable public static func / (a: Milliseconds, b: Milliseconds) -> Int64 {
        a.count / b.count
    }

    /// What is left of `a` when `b` is taken away as often as it fits; with the sign of `a`.
    @inlinable public static func % (a: Milliseconds, b: Milliseconds) -> Milliseconds {
        Milliseconds(a.count % b.count)
    }

    /// The sum, or the longest length in its direction where the sum does not fit.
    @inlinable public func clampedSum(_ other: Milliseconds) -> Milliseconds {
        let (sum, overflows) = count.addingReportingOverflow(other.count)
        if !overflows { return Milliseconds(sum) }
        return other.count < 0 ? .min : .max
    }
}

extension Milliseconds: CustomStringConvertible {
    /// The count in decimal digits.
    public var description: String { String(count) }
}
