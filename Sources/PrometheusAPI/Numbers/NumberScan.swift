#if canImport(Glibc)
import Glibc
#endif

/// Numbers as members write them.
public enum NumberScan {
    /// The value of a sample's text, or nil when it is none.
    public static func value(of text: some Collection<UInt8>) -> Double? {
        // The exact fast path of Clinger (1990): a mantissa that fits and a power of ten that is
        // exact need one correctly rounded division.
        var mantissa: UInt64 = 0
        var digits = 0
        var decimals = 0
        var isNegative = false
        var seenPoint = false
        var isSimple = true
        for (index, byte) in text.enumerated() {
            let digit = byte &- 48
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                digits += 1
                if seenPoint { decimals += 1 }
            } else if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte == UInt8(ascii: "-"), index == 0 {
                isNegative = true
            } else {
                isSimple = false
                break
            }
        }
        if isSimple, digits > 0, digits <= 18, mantissa <= 1 << 53, decimals <= 22 {
            let value = Double(mantissa) / powersOfTen[decimals]
            return isNegative ? -value : value
        }
        return general(text)
    }

    private static func general(_ text: some Collection<UInt8>) -> Double? {
        switch String(decoding: text, as: UTF8.self) {
        case "NaN": return Double(bitPattern: 0x7ff8_0000_0000_0001)
        case "+Inf", "Inf": return .infinity
        case "-Inf": return -.infinity
        case let other:
            guard let first = other.utf8.first, !other.isEmpty,
                first &- 48 < 10 || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
                    || first == UInt8(ascii: ".")
            else { return nil }
            for byte in other.utf8 {
                guard byte &- 48 < 10 || "+-.eE".utf8.contains(byte) else { return nil }
            }
            return Double(other)
        }
    }

    /// Milliseconds of a timestamp in seconds with up to three decimals (more are cut), or nil.
    public static func milliseconds(of text: some Collection<UInt8>) -> Int64? {
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
                    if over { return nil }
                    whole = product &+ Int64(digit)
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
                guard let seconds = general(text), abs(seconds) < 9e15 else { return nil }
                return Int64((seconds * 1000).rounded(.toNearestOrAwayFromZero))
            }
        }
        guard digits > 0 else { return nil }
        while decimals < 3 {
            fraction *= 10
            decimals += 1
        }
        let (scaled, over) = whole.multipliedReportingOverflow(by: 1000)
        if over { return nil }
        return isNegative ? -(scaled &+ fraction) : scaled &+ fraction
    }

    private static let powersOfTen: [Double] = (0...22).map { exponent in
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
