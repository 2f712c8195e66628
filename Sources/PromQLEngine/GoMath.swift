/// Minimum and maximum as Go's `math.Min` and `math.Max`: an infinity that decides the answer wins
/// over NaN, NaN over everything else, and -0 is less than +0.
enum GoMath {
    static func min(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        if a.isNaN || b.isNaN { return .nan }
        if a == 0, b == 0 { return a.sign == .minus ? a : b }
        return a < b ? a : b
    }

    static func max(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        if a.isNaN || b.isNaN { return .nan }
        if a == 0, b == 0 { return a.sign == .minus ? b : a }
        return a > b ? a : b
    }

    /// Truncates toward zero; NaN and what does not fit give the least integer, as Go's conversion
    /// does on amd64.
    static func integer(_ value: Double) -> Int64 {
        value > -0x1p63 && value < 0x1p63 ? Int64(value) : .min
    }
}
