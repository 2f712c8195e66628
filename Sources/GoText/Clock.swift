#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The time of day, which may be set back.
public enum WallClock {
    /// Milliseconds since the epoch.
    public static func milliseconds() -> Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }
}

/// The clock that `epoll` waits by; it is never set back.
public enum MonotonicClock {
    /// Nanoseconds since some moment before the process began.
    public static func now() -> Int64 {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// `now` in whole milliseconds.
    public static func milliseconds() -> Int64 { now() / 1_000_000 }

    /// The time (as `now` gives it) so many milliseconds from now; far away where that overflows.
    public static func after(milliseconds: Int64) -> Int64 {
        let (distance, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return .max }
        let (time, isTooFar) = now().addingReportingOverflow(distance)
        return isTooFar ? .max : time
    }

    /// Milliseconds up to a time that `now` gave, rounded up, and at least one.
    public static func milliseconds(until time: Int64) -> Int64 {
        let (distance, overflow) = time.subtractingReportingOverflow(now())
        if overflow { return .max / 1_000_000 }
        return max(1, distance / 1_000_000 + (distance % 1_000_000 > 0 ? 1 : 0))
    }
}

private func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
}

extension Duration {
    /// Whole milliseconds, clamped to what fits.
    public var wholeMilliseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return components.seconds < 0 ? .min : .max }
        return seconds &+ components.attoseconds / 1_000_000_000_000_000
    }
}
