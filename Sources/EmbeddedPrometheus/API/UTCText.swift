#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Times of status answers: RFC 3339 in UTC, without trailing zeros in the fraction.
enum UTCText {
    static func of(milliseconds: Int64) -> String {
        var remainder = milliseconds % 1000
        var seconds = time_t(milliseconds / 1000)
        if remainder < 0 {
            remainder += 1000
            seconds -= 1
        }
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var fraction = remainder == 0 ? "" : "." + String(String(remainder + 1000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        let date = [1900 + parts.tm_year, parts.tm_mon + 1, parts.tm_mday]
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec]
        let day = date.map(twoDigits).joined(separator: "-")
        return "\(day)T\(clock.map(twoDigits).joined(separator: ":"))\(fraction)Z"
    }

    private static func twoDigits(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
