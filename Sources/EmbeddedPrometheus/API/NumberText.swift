/// Floating-point numbers as Go writes them into answers.
enum NumberText {
    /// A sample value: plain from 1e-6 up to 1e21, else with an exponent of at least two digits.
    static func sample(_ value: Double) -> String {
        guard let decimal = Decimal(value) else { return special(value) }
        let magnitude = value.magnitude
        let isPlain = value == 0 || (magnitude >= 1e-6 && magnitude < 1e21)
        return isPlain ? decimal.plain : decimal.scientific
    }

    /// A scalar result: never an exponent.
    static func plain(_ value: Double) -> String {
        Decimal(value)?.plain ?? special(value)
    }

    private static func special(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        return value < 0 ? "-Inf" : "+Inf"
    }

    /// The shortest digits that read back as the same number.
    private struct Decimal {
        let isNegative: Bool
        let digits: Substring
        /// Where the decimal point stands, counted from the first digit.
        let point: Int

        /// nil for NaN and the infinities.
        init?(_ value: Double) {
            guard value.isFinite else { return nil }
            isNegative = value.sign == .minus
            let text = value.magnitude.description
            let parts = text.split(separator: "e")
            let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            let halves = parts[0].split(separator: ".")
            let whole = halves[0]
            let fraction = halves.count > 1 ? halves[1] : ""
            let all = String(whole) + fraction
            let leading = all.prefix { $0 == "0" }.count
            var significant = all.dropFirst(leading)
            while significant.last == "0" { significant.removeLast() }
            digits = significant.isEmpty ? "0" : significant
            point = significant.isEmpty ? 1 : whole.count + exponent - leading
        }

        private var sign: String { isNegative ? "-" : "" }

        var plain: String {
            if point <= 0 { return "\(sign)0.\(String(repeating: "0", count: -point))\(digits)" }
            if point >= digits.count {
                return "\(sign)\(digits)\(String(repeating: "0", count: point - digits.count))"
            }
            return "\(sign)\(digits.prefix(point)).\(digits.dropFirst(point))"
        }

        var scientific: String {
            let exponent = point - 1
            let fraction = digits.count > 1 ? ".\(digits.dropFirst())" : ""
            let padding = exponent.magnitude < 10 ? "0" : ""
            let power = "\(exponent < 0 ? "-" : "+")\(padding)\(exponent.magnitude)"
            return "\(sign)\(digits.prefix(1))\(fraction)e\(power)"
        }
    }
}
