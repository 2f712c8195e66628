/// The `%g` of Go, which histograms are printed with: the shortest digits that read back as the
/// same double, with an exponent below 1e-4 and from 1e+06 on.
public enum HistogramNumberText {
    public static func shortest(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0" }
        let (digits, exponent) = decimal(value.magnitude)
        if exponent < -4 || exponent >= 6 {
            let fraction = digits.count > 1 ? "." + text(digits[1...]) : ""
            let power = String(exponent.magnitude)
            return sign + text(digits[..<1]) + fraction + (exponent < 0 ? "e-" : "e+")
                + (power.count < 2 ? "0" : "") + power
        }
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + text(digits[...])
        }
        if digits.count <= exponent + 1 {
            let zeros = String(repeating: "0", count: exponent + 1 - digits.count)
            return sign + text(digits[...]) + zeros
        }
        return sign + text(digits[...exponent]) + "." + text(digits[(exponent + 1)...])
    }

    private static func text(_ digits: ArraySlice<UInt8>) -> String {
        String(decoding: digits, as: UTF8.self)
    }

    /// The significant digits (without zeros at either end) and the power of ten of the first.
    private static func decimal(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var pointAt: Int?
        var power = 0
        var bytes = Array(value.description.utf8)
        if let e = bytes.firstIndex(of: UInt8(ascii: "e")) {
            power = Int(String(decoding: bytes[(e + 1)...], as: UTF8.self)) ?? 0
            bytes.removeSubrange(e...)
        }
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                pointAt = digits.count
            } else {
                digits.append(byte)
            }
        }
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        let exponent = (pointAt ?? digits.count) - 1 - leading + power
        digits.removeFirst(leading)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, exponent)
    }
}
