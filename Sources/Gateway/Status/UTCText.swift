#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Points in time as RFC 3339 in UTC, trailing zeros of the fraction left out.
enum UTCText {
    static func of(seconds: Double) -> String {
        let milliseconds = Int64((seconds * 1000).rounded(.down))
        var time = time_t(milliseconds / 1000)
        var parts = tm()
        guard gmtime_r(&time, &parts) != nil else { return "0001-01-01T00:00:00Z" }
        var text = "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))"
        text += "-\(padded(Int(parts.tm_mday), 2))T\(padded(Int(parts.tm_hour), 2))"
        text += ":\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        let fraction = Int(milliseconds % 1000)
        if fraction > 0 {
            var digits = padded(fraction, 3)
            while digits.hasSuffix("0") { digits.removeLast() }
            text += ".\(digits)"
        }
        return text + "Z"
    }

    static func now() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return of(seconds: Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
