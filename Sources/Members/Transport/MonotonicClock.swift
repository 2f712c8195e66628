#if canImport(Glibc)
import Glibc
#endif

/// Nanoseconds on the clock that epoll waits by; never set back.
enum MonotonicClock {
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    static func milliseconds() -> Int64 { now() / 1_000_000 }

    /// Milliseconds since the epoch, for people: this one may be set back.
    static func wallMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// A time so many milliseconds from now; far away where that overflows.
    static func after(milliseconds: Int64) -> Int64 {
        let (distance, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return .max }
        let (time, isTooFar) = now().addingReportingOverflow(distance)
        return isTooFar ? .max : time
    }

    /// Milliseconds up to a time, rounded up, and at least one.
    static func milliseconds(until time: Int64) -> Int64 {
        let (distance, overflow) = time.subtractingReportingOverflow(now())
        if overflow { return .max / 1_000_000 }
        return max(1, distance / 1_000_000 + (distance % 1_000_000 > 0 ? 1 : 0))
    }
}
