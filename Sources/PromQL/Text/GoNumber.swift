#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Floats as Go writes them.
enum GoNumber {
    /// The shortest digits that read back as the same number, without exponent: the format `f` of
    /// `strconv.FormatFloat` with precision -1.
    static func plain(_ value: Double) -> String {
        if let special = special(value) { return special }
        let shortest = Shortest(value)
        let digits = shortest.digits
        let sign = shortest.isNegative ? "-" : ""
        if shortest.point <= 0 {
            return sign + "0." + String(repeating: "0", count: -shortest.point) + digits
        }
        if shortest.point >= digits.count {
            return sign + digits + String(repeating: "0", count: shortest.point - digits.count)
        }
        return sign + digits.prefix(shortest.point) + "." + digits.dropFirst(shortest.point)
    }

    /// As `%v`: with an exponent below 1e-4 and from 1e6 on.
    static func general(_ value: Double) -> String {
        if let special = special(value) { return special }
        let shortest = Shortest(value)
        let exponent = shortest.point - 1
        guard value != 0, exponent < -4 || exponent >= 6 else { return plain(value) }
        let digits = shortest.digits
        let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
        let power = String(exponent.magnitude)
        return (shortest.isNegative ? "-" : "") + digits.prefix(1) + fraction
            + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "") + power
    }

    /// As `%f`: exact, with six decimals.
    static func sixDecimals(_ value: Double) -> String {
        if let special = special(value) { return special }
        // The largest finite number has 309 digits before the point.
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
            let count = withVaList([value]) { arguments in
                vsnprintf(buffer.baseAddress, buffer.count, "%.6f", arguments)
            }
            let bytes = buffer.prefix(max(0, min(Int(count), buffer.count - 1)))
            return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Milliseconds as seconds with three decimals.
    static func seconds(_ milliseconds: Int64) -> String {
        let fraction = String(milliseconds.magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + "\(milliseconds.magnitude / 1000)."
            + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    /// The shortest decimal digits of a finite number, which is 0.digits · 10^point.
    private struct Shortest {
        var isNegative: Bool
        var digits: String
        var point: Int

        init(_ value: Double) {
            isNegative = value.sign == .minus
            var mantissa: [UInt8] = []
            var exponent = 0
            var integerDigits: Int?
            var text = value.magnitude.description.utf8[...]
            if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
                exponent = Int(Substring(text[text.index(after: mark)...])) ?? 0
                text = text[..<mark]
            }
            for byte in text {
                if byte == UInt8(ascii: ".") {
                    integerDigits = mantissa.count
                } else {
                    mantissa.append(byte)
                }
            }
            point = (integerDigits ?? mantissa.count) + exponent
            let leading = mantissa.prefix { $0 == UInt8(ascii: "0") }.count
            mantissa.removeFirst(leading)
            point -= leading
            while mantissa.last == UInt8(ascii: "0") { mantissa.removeLast() }
            if mantissa.isEmpty {
                digits = "0"
                point = 1
            } else {
                digits = String(decoding: mantissa, as: UTF8.self)
            }
        }
    }
}
