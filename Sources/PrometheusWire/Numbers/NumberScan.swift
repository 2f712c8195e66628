import GoText
import TimeSeries

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Numbers as members write them.
public enum NumberScan {
    /// The value of a sample's text, or nil when it is none: decimal digits with an exponent or
    /// without, `NaN`, `Inf` and `Infinity` with a sign or without, in letters of either case.
    public static func value(of text: some Collection<UInt8>) -> Double? {
        if let found = text.withContiguousStorageIfAvailable(value(in:)) { return found }
        return Array(text).withUnsafeBufferPointer(value(in:))
    }

    static func value(in text: UnsafeBufferPointer<UInt8>) -> Double? {
        var mantissa: UInt64 = 0
        // From the first that is not zero on.
        var significant = 0
        var digits = 0
        var pointAt = -1
        let isNegative = text.first == UInt8(ascii: "-")
        var index = isNegative ? 1 : 0
        while index < text.count {
            let digit = text[index] &- 48
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                digits += 1
                if mantissa != 0 || significant > 0 { significant += 1 }
            } else if text[index] == UInt8(ascii: "."), pointAt < 0 {
                pointAt = digits
            } else {
                break
            }
            index += 1
        }
        // So many fit.
        guard digits > 0, significant <= 19, let exponent = exponent(of: text, from: index) else {
            return general(text)
        }
        let power = exponent - (pointAt < 0 ? 0 : digits - pointAt)
        let magnitude: Double
        if mantissa <= 1 << 53, power.magnitude <= 22 {
            // The exact path of Clinger (1990): a mantissa that fits and a power of ten that is exact
            // need one correctly rounded operation.
            let exact = powersOfTen[Int(power.magnitude)]
            magnitude = power < 0 ? Double(mantissa) / exact : Double(mantissa) * exact
        } else if let nearest = DecimalFloat.value(of: mantissa, exponent: power) {
            magnitude = nearest
        } else {
            return general(text)
        }
        return isNegative ? -magnitude : magnitude
    }

    /// What stands behind the digits: nothing, which is 0, or `e` and up to three digits; nil for
    /// anything else.
    private static func exponent(
        of text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        if start == text.count { return 0 }
        guard text[start] | 0x20 == UInt8(ascii: "e") else { return nil }
        var index = start + 1
        guard index < text.count else { return nil }
        let isNegative = text[index] == UInt8(ascii: "-")
        if isNegative || text[index] == UInt8(ascii: "+") { index += 1 }
        guard (1...3).contains(text.count - index) else { return nil }
        var exponent = 0
        while index < text.count {
            let digit = text[index] &- 48
            guard digit < 10 else { return nil }
            exponent = exponent * 10 + Int(digit)
            index += 1
        }
        return isNegative ? -exponent : exponent
    }

    /// Whatever the fast paths do not take, correctly rounded by the C library.
    static func general(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        if text.isEmpty { return nil }
        if let word = word(text) { return word }
        for byte in text {
            switch byte {
            case 48...57, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                continue
            default: return nil
            }
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
            for index in text.indices { copy[index] = CChar(bitPattern: text[index]) }
            copy[text.count] = 0
            guard let start = copy.baseAddress else { return nil }
            // Safe: the copy ends in NUL, and `end` points into it.
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(start, &end)
            return end == start + text.count ? value : nil
        }
    }

    /// `NaN`, `Inf` and `Infinity` in letters of either case, with a sign or without.
    private static func word(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard (3...9).contains(text.count) else { return nil }
        let isSigned = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+")
        // Letters of the lower case have this bit.
        let word = text.dropFirst(isSigned ? 1 : 0).map { $0 | 0x20 }
        if word.elementsEqual("nan".utf8) { return SampleValue.normalNaN }
        guard word.elementsEqual("inf".utf8) || word.elementsEqual("infinity".utf8) else {
            return nil
        }
        return text[0] == UInt8(ascii: "-") ? -.infinity : .infinity
    }

    /// A timestamp in seconds with up to three decimals (more are cut), or nil.
    public static func time(of text: some Collection<UInt8>) -> Timestamp? {
        var whole: Int64 = 0
        var fraction: Int64 = 0
        var decimals = 0
        var isNegative = false
        var seenPoint = false
        var digits = 0
        for (index, byte) in text.enumerated() {
            let digit = byte &- 48
            if digit < 10 {
                digits += 1
                if !seenPoint {
                    let (product, over) = whole.multipliedReportingOverflow(by: 10)
                    let (sum, carry) = product.addingReportingOverflow(Int64(digit))
                    if over || carry { return nil }
                    whole = sum
                } else if decimals < 3 {
                    fraction = fraction * 10 + Int64(digit)
                    decimals += 1
                }
            } else if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte == UInt8(ascii: "-"), index == 0 {
                isNegative = true
            } else {
                // An exponent: other servers than Prometheus write large times so.
                guard let seconds = value(of: text), abs(seconds) < 9e15 else { return nil }
                return Timestamp(
                    milliseconds: Int64((seconds * 1000).rounded(.toNearestOrAwayFromZero)))
            }
        }
        guard digits > 0 else { return nil }
        while decimals < 3 {
            fraction *= 10
            decimals += 1
        }
        let (scaled, over) = whole.multipliedReportingOverflow(by: 1000)
        let (sum, carry) = scaled.addingReportingOverflow(fraction)
        if over || carry { return nil }
        return Timestamp(milliseconds: isNegative ? -sum : sum)
    }

    /// Those that a double holds exactly.
    private static let powersOfTen: [Double] = (0...22).map { exponent in
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}

/// Prometheus's spelling of sample values: `-?digits[.digits][e±digits]` without needless leading
/// zeros, `NaN`, `+Inf`, `-Inf`. What has it is copied; whatever else reads as a number is spelled
/// anew.
enum NumberSpelling {
    /// Whether the bytes of a range are such a value.
    static func isValue(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
        var at = range.lowerBound
        let end = range.upperBound
        guard at < end else { return false }
        switch bytes[at] {
        case UInt8(ascii: "N"): return bytes[range].elementsEqual(words.nan)
        case UInt8(ascii: "+"): return bytes[range].elementsEqual(words.positive)
        case UInt8(ascii: "-"):
            at += 1
            if at < end, bytes[at] == UInt8(ascii: "I") {
                return bytes[range].elementsEqual(words.negative)
            }
        default: break
        }
        let whole = digits(bytes, from: at, to: end)
        guard whole > at, whole == at + 1 || bytes[at] != UInt8(ascii: "0") else { return false }
        at = whole
        if at < end, bytes[at] == UInt8(ascii: ".") {
            let fraction = digits(bytes, from: at + 1, to: end)
            guard fraction > at + 1 else { return false }
            at = fraction
        }
        if at + 1 < end, bytes[at] == UInt8(ascii: "e"),
            bytes[at + 1] == UInt8(ascii: "+") || bytes[at + 1] == UInt8(ascii: "-")
        {
            let exponent = digits(bytes, from: at + 2, to: end)
            guard exponent > at + 3 else { return false }
            at = exponent
        }
        return at == end
    }

    /// The end of the digits that begin at a place.
    private static func digits(_ bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var at = start
        while at < end, bytes[at] &- 48 < 10 { at += 1 }
        return at
    }

    private static let words = (
        nan: Array("NaN".utf8), positive: Array("+Inf".utf8), negative: Array("-Inf".utf8)
    )
}

/// The two ways Prometheus writes times in answers.
public enum TimestampText {
    /// Of samples: seconds, and three decimals unless they are zero.
    public static func appendSample(_ time: Timestamp, to out: inout [UInt8]) {
        let milliseconds = time.milliseconds
        if milliseconds < 0 { out.append(UInt8(ascii: "-")) }
        let magnitude = milliseconds.magnitude
        GoFloat.appendInteger(Int64(magnitude / 1000), to: &out)
        let rest = UInt8(clamping: (magnitude % 1000) / 100)
        let fraction = magnitude % 1000
        if fraction != 0 {
            out.append(UInt8(ascii: "."))
            out.append(UInt8(ascii: "0") + rest)
            out.append(UInt8(ascii: "0") + UInt8(fraction / 10 % 10))
            out.append(UInt8(ascii: "0") + UInt8(fraction % 10))
        }
    }

    /// Of scalars and strings: the shortest decimal.
    public static func appendScalar(_ time: Timestamp, to out: inout [UInt8]) {
        GoFloat.append(time.seconds, to: &out)
    }

    /// As request parameters are sent: seconds, and three decimals unless they are zero.
    public static func parameter(_ time: Timestamp) -> String {
        var out: [UInt8] = []
        appendSample(time, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
