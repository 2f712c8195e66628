#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The time of day, which may be set back.
public enum WallClock {
    public static func now() -> Timestamp {
        let time = read(CLOCK_REALTIME)
        return Timestamp(
            milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    }
}

/// A moment of the clock that `epoll` waits by, which is never set back.
public struct MonotonicInstant: Sendable, Hashable, InstantProtocol {
    /// Since the clock began, before the process did.
    private var nanoseconds: Int64

    private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The moment so long after the clock began.
    public init(_ time: Duration) { nanoseconds = time.wholeNanoseconds }

    public static var now: MonotonicInstant {
        let time = read(CLOCK_MONOTONIC)
        return MonotonicInstant(
            nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    /// Later than every other moment.
    public static let never = MonotonicInstant(nanoseconds: .max)

    public static func < (a: MonotonicInstant, b: MonotonicInstant) -> Bool {
        a.nanoseconds < b.nanoseconds
    }

    /// The moment so long after this one; `never` where it is too far away.
    public func advanced(by length: Duration) -> MonotonicInstant {
        let (time, isTooFar) = nanoseconds.addingReportingOverflow(length.wholeNanoseconds)
        return isTooFar ? .never : MonotonicInstant(nanoseconds: time)
    }

    public func duration(to other: MonotonicInstant) -> Duration {
        .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds)
    }
}

private func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
}

extension Duration {
    /// The time from one moment to now.
    public static func since(_ start: MonotonicInstant) -> Duration { start.duration(to: .now) }

    /// In milliseconds, as the nearest float.
    public var milliseconds: Double { self / .milliseconds(1) }

    /// Whole milliseconds, rounded up, and at least one: what a wait or a timeout is given.
    public var millisecondsToWait: Int64 {
        let whole = wholeMilliseconds
        return max(1, self > .milliseconds(whole) ? whole + 1 : whole)
    }

    /// Whole nanoseconds, clamped to what fits.
    public var wholeNanoseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = seconds.addingReportingOverflow(components.attoseconds / 1_000_000_000)
        if overflow || carry { return components.seconds < 0 ? .min : .max }
        return sum
    }

    /// Whole milliseconds, clamped to what fits.
    public var wholeMilliseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return components.seconds < 0 ? .min : .max }
        return seconds &+ components.attoseconds / 1_000_000_000_000_000
    }
}
