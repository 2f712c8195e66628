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

    /// A time so many milliseconds from now; far away where that overflows.
    static func after(milliseconds: Int64) -> Int64 {
        let (distance, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return .max }
        let (time, isTooFar) = now().addingReportingOverflow(distance)
        return isTooFar ? .max : time
    }
}
