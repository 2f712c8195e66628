#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Floats as Go writes them: Swift's shortest digits are the same, only the layout differs.
///
/// Not-a-number and the infinities are `NaN`, `+Inf` and `-Inf` in every layout.
public enum GoFloat {
    /// The layout of sample values in JSON: plain from 1e-6 up to 1e21, else with an exponent of at
    /// least two digits.
    public static func append(_ value: Double, to out: inout [UInt8]) {
        let magnitude = value.magnitude
        append(value, plain: magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21), to: &out)
    }

    /// The layout of scalar results and of labels of `count_values`: never an exponent, as
    /// `strconv.FormatFloat(v, 'f', -1, 64)`.
    public static func appendPlain(_ value: Double, to out: inout [UInt8]) {
        append(value, plain: true, to: &out)
    }

    /// The layout of texts and of histograms (`%g`, `%v`): an exponent below 1e-4 and from 1e+06 on.
    public static func appendGeneral(_ value: Double, to out: inout [UInt8]) {
        let magnitude = value.magnitude
        append(value, plain: magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e6), to: &out)
    }

    /// The layout of `encoding/json`: as of samples, but negative exponents of one digit stay so.
    /// What is no number of JSON is 0.
    public static func appendJSON(_ value: Double, to out: inout [UInt8]) {
        append(value.isFinite ? value : 0, to: &out)
        // `1e-07` is `1e-7` there.
        if out.suffix(4).starts(with: "e-0".utf8) { out.remove(at: out.count - 2) }
    }

    /// An integer in decimal.
    public static func appendInteger(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var width = 1
        var bound: UInt64 = 10
        while width < 19, rest >= bound {
            width += 1
            bound *= 10
        }
        var place = out.count + width
        out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: width))
        while rest > 0 {
            place -= 1
            out[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    // MARK: - Strings

    /// As `append`.
    public static func text(_ value: Double) -> String { string { append(value, to: &$0) } }

    /// As `appendPlain`.
    public static func plain(_ value: Double) -> String { string { appendPlain(value, to: &$0) } }

    /// As `appendGeneral`.
    public static func general(_ value: Double) -> String {
        string { appendGeneral(value, to: &$0) }
    }

    /// As `%.<digits>g`.
    public static func general(_ value: Double, digits: Int) -> String {
        value.isFinite ? printed(value, "%.\(digits)g") : general(value)
    }

    /// As `%f`: six decimals.
    public static func fixed(_ value: Double) -> String {
        value.isFinite ? printed(value, "%.6f") : general(value)
    }

    private static func string(_ append: (inout [UInt8]) -> Void) -> String {
        var out: [UInt8] = []
        append(&out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The C library rounds the exact binary value, as Go does.
    private static func printed(_ value: Double, _ format: String) -> String {
        // The largest finite number has 309 digits before the point.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
            let count = withVaList([value]) { arguments in
                vsnprintf(buffer.baseAddress, buffer.count, format, arguments)
            }
            let bytes = buffer.prefix(max(0, min(Int(count), buffer.count - 1)))
            return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    // MARK: - Layout

    private static func append(_ value: Double, plain: Bool, to out: inout [UInt8]) {
        if value.isNaN {
            out.append(contentsOf: "NaN".utf8)
            return
        }
        if value.isInfinite {
            out.append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8)
            return
        }
        if value == 0 {
            if value.sign == .minus { out.append(UInt8(ascii: "-")) }
            out.append(UInt8(ascii: "0"))
            return
        }
        if plain, value.magnitude < 9_007_199_254_740_992,
            value == value.rounded(.towardZero)
        {
            appendInteger(Int64(value), to: &out)
            return
        }
        if plain, appendShortDecimal(value, to: &out) { return }
        var text = value.description
        text.withUTF8 { bytes in
            guard let mark = bytes.firstIndex(of: UInt8(ascii: "e")) else {
                if plain {
                    let isWhole =
                        bytes.count >= 2 && bytes[bytes.count - 1] == UInt8(ascii: "0")
                        && bytes[bytes.count - 2] == UInt8(ascii: ".")
                    out.append(contentsOf: bytes[..<(isWhole ? bytes.count - 2 : bytes.count)])
                    return
                }
                Digits(bytes, upTo: bytes.count).appendScientific(to: &out)
                return
            }
            let digits = Digits(bytes, upTo: mark)
            if plain { digits.appendPlain(to: &out) } else { digits.appendScientific(to: &out) }
        }
    }

    /// Values of at most six decimals and fifteen digits, which most samples are. Two decimals of
    /// so few digits are never the same double, so that one which is the value is the shortest.
    private static func appendShortDecimal(_ value: Double, to out: inout [UInt8]) -> Bool {
        let scaled = (value.magnitude * 1e6).rounded()
        // Exact operands and one correctly rounded division: equal means the decimal is the value.
        guard scaled >= 1, scaled < 1e15, scaled / 1e6 == value.magnitude else { return false }
        if value < 0 { out.append(UInt8(ascii: "-")) }
        let digits = UInt64(scaled)
        appendInteger(Int64(digits / 1_000_000), to: &out)
        out.append(UInt8(ascii: "."))
        var fraction = digits % 1_000_000
        var place: UInt64 = 100_000
        while fraction > 0 {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / place))
            fraction %= place
            place /= 10
        }
        return true
    }

    /// The significant digits of a finite number other than 0, and the power of ten of its point.
    private struct Digits {
        var isNegative = false
        var digits: [UInt8] = []
        /// The value is 0.digits times ten to this.
        var point = 0

        /// Reads Swift's description of the number, whose exponent begins at `end`.
        init(_ bytes: UnsafeBufferPointer<UInt8>, upTo end: Int) {
            var index = 0
            if bytes[0] == UInt8(ascii: "-") {
                isNegative = true
                index = 1
            }
            var pointAt: Int?
            while index < end {
                if bytes[index] == UInt8(ascii: ".") {
                    pointAt = digits.count
                } else {
                    digits.append(bytes[index])
                }
                index += 1
            }
            point = pointAt ?? digits.count
            if end < bytes.count {
                point += Int(String(decoding: bytes[(end + 1)...], as: UTF8.self)) ?? 0
            }
            while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
            var zeros = 0
            while zeros < digits.count - 1, digits[zeros] == UInt8(ascii: "0") { zeros += 1 }
            digits.removeFirst(zeros)
            point -= zeros
        }

        func appendPlain(to out: inout [UInt8]) {
            if isNegative { out.append(UInt8(ascii: "-")) }
            if point <= 0 {
                out.append(contentsOf: "0.".utf8)
                out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -point))
                out.append(contentsOf: digits)
            } else if point >= digits.count {
                out.append(contentsOf: digits)
                out.append(
                    contentsOf: repeatElement(UInt8(ascii: "0"), count: point - digits.count))
            } else {
                out.append(contentsOf: digits[..<point])
                out.append(UInt8(ascii: "."))
                out.append(contentsOf: digits[point...])
            }
        }

        func appendScientific(to out: inout [UInt8]) {
            if isNegative { out.append(UInt8(ascii: "-")) }
            out.append(digits[0])
            if digits.count > 1 {
                out.append(UInt8(ascii: "."))
                out.append(contentsOf: digits[1...])
            }
            let exponent = point - 1
            out.append(UInt8(ascii: "e"))
            out.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            if exponent.magnitude < 10 { out.append(UInt8(ascii: "0")) }
            GoFloat.appendInteger(Int64(exponent.magnitude), to: &out)
        }
    }
}

extension GoFloat {
    /// The number that a text is, as Go's `strconv.ParseFloat` reads it: decimal, or hexadecimal with
    /// an exponent of two, underscores between digits; `inf`, `infinity` and `nan` in any case.
    ///
    /// - Returns: nil when the text is no number, or one that is too large for a double.
    public static func parse(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
            rest = rest.dropFirst()
        }
        let lowered = rest.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        switch String(decoding: lowered, as: UTF8.self) {
        case "inf", "infinity": return bytes[0] == UInt8(ascii: "-") ? -.infinity : .infinity
        // Go takes no sign before it.
        case "nan": return rest.count == bytes.count ? .nan : nil
        default: break
        }
        let isHexadecimal = lowered.starts(with: "0x".utf8)
        let digits = isHexadecimal ? lowered.dropFirst(2) : lowered[...]
        guard let plain = withoutUnderscores(digits, isHexadecimal: isHexadecimal) else {
            return nil
        }
        let sign = bytes[0] == UInt8(ascii: "-") ? "-" : ""
        let number = String(decoding: plain, as: UTF8.self)
        guard let value = Double(sign + (isHexadecimal ? "0x" : "") + number) else { return nil }
        return value.isFinite ? value : nil
    }

    /// The digits without underscores, if they are laid out as Go wants them.
    private static func withoutUnderscores(
        _ text: ArraySlice<UInt8>, isHexadecimal: Bool
    ) -> [UInt8]? {
        enum Seen {
            case beginning, digit, underscore, other
        }
        var out: [UInt8] = []
        var hasExponent = false
        var hasDigits = false
        // The prefix of hexadecimal numbers counts as a digit.
        var last = isHexadecimal ? Seen.digit : .beginning
        for byte in text {
            var seen = Seen.other
            switch byte {
            case 48...57: seen = .digit
            case 97...102 where isHexadecimal && !hasExponent: seen = .digit
            case UInt8(ascii: "_"):
                guard last == .digit else { return nil }
                last = .underscore
                continue
            case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"): break
            case UInt8(ascii: "e") where !isHexadecimal: hasExponent = true
            case UInt8(ascii: "p") where isHexadecimal: hasExponent = true
            default: return nil
            }
            if last == .underscore, seen != .digit { return nil }
            if seen == .digit { hasDigits = true }
            last = seen
            out.append(byte)
        }
        guard last != .underscore, hasDigits, hasExponent || !isHexadecimal else { return nil }
        return out
    }
}
