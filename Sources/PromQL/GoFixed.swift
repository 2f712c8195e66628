/// Floats as Go prints them without exponent.
enum GoFixed {
    /// The shortest digits that read back as the same number (`%v` with format 'f').
    static func shortest(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let text = value.description
        guard let exponentMark = text.firstIndex(of: "e") else {
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let exponent = Int(text[text.index(after: exponentMark)...]) ?? 0
        var mantissa = text[..<exponentMark]
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        if !sign.isEmpty { mantissa = mantissa.dropFirst() }
        let parts = mantissa.split(separator: ".")
        let digits = String(parts.first ?? "") + (parts.count > 1 && parts[1] != "0" ? parts[1] : "")
        let point = (parts.first?.count ?? 0) + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count {
            return sign + digits + String(repeating: "0", count: point - digits.count)
        }
        let cut = digits.index(digits.startIndex, offsetBy: point)
        return sign + digits[..<cut] + "." + digits[cut...]
    }

    /// `%f`: six decimals.
    static func text(_ value: Double) -> String {
        if !value.isFinite { return shortest(value) }
        if abs(value) >= 1e15 { return shortest(value) + ".000000" }
        let micros = (value.magnitude * 1e6).rounded()
        let whole = UInt64(micros / 1e6)
        let rest = String(UInt64(micros) % 1_000_000)
        return (value < 0 ? "-" : "") + "\(whole)."
            + String(repeating: "0", count: 6 - rest.count) + rest
    }

    /// Seconds with three decimals.
    static func seconds(_ milliseconds: Int64) -> String {
        let magnitude = milliseconds.magnitude
        let rest = String(magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + "\(magnitude / 1000)."
            + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
