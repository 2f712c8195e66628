/// Decimal numbers of up to 19 digits as the nearest doubles.
///
/// The digits, as 64 bits, are multiplied with a power of five of 128 bits. Of a power with a positive
/// exponent these are all its bits, so that the product is exact. A negative one is cut, so that the
/// product is too small by less than three units of its first 128 bits; where that much could change
/// how it is rounded, which it almost never does, there is no answer.
enum DecimalFloat {
    /// A power of five: `high` and `low` are its first 128 bits, the first of which is 1, as an integer
    /// that is to be divided by two to the power of `shift`.
    private struct Power {
        var high: UInt64
        var low: UInt64
        var shift: Int
    }

    /// 5 to the power of this has no more than 128 bits.
    private static let most = 55

    private static let powers: [Power] = (-most...most).map { exponent in
        var power: UInt128 = 1
        for _ in 0..<exponent.magnitude { power *= 5 }
        let zeros = power.leadingZeroBitCount
        let bits: UInt128
        let shift: Int
        if exponent >= 0 {
            (bits, shift) = (power << zeros, zeros)
        } else {
            // The quotient has 128 bits, as what is divided is between 2^127 and 2^128 times the power.
            let length = UInt128.bitWidth - zeros
            bits = power.dividingFullWidth((high: 1 << (length - 1), low: 0)).quotient
            shift = 127 + length
        }
        return Power(
            high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits),
            shift: shift)
    }

    /// The digits times ten to the power of the exponent, rounded to nearest, ties to even.
    ///
    /// - Parameter digits: more than zero.
    /// - Returns: nil where another way must be taken: for exponents beyond 55 in either direction, and
    ///   where the first 128 bits do not tell how to round.
    static func value(of digits: UInt64, exponent: Int) -> Double? {
        guard digits > 0, (-most...most).contains(exponent) else { return nil }
        let power = powers[exponent + most]
        let zeros = digits.leadingZeroBitCount
        let factor = digits << UInt64(zeros)
        let first = factor.multipliedFullWidth(by: power.high)
        let second = factor.multipliedFullWidth(by: power.low)
        var low = second.low
        let (sum, isCarried) = first.low.addingReportingOverflow(second.high)
        var middle = sum
        var high = first.high &+ (isCarried ? 1 : 0)
        let isShifted = high >> 63 == 0
        if isShifted {
            high = high << 1 | middle >> 63
            middle = middle << 1 | low >> 63
            low <<= 1
        }
        // The 53 bits of a double, and those behind them.
        var significand = high >> 11
        let rest = high & 0x7FF
        let half: UInt64 = 0x400
        let isHalf = rest == half && middle == 0 && low == 0
        if exponent < 0, isHalf || middle > .max - 4 { return nil }
        if isHalf ? significand & 1 == 1 : rest >= half { significand += 1 }
        // Of the last bit of the significand.
        var scale = 139 - (isShifted ? 1 : 0) - zeros - power.shift + exponent
        if significand == 1 << 53 {
            significand >>= 1
            scale += 1
        }
        // Within the normal numbers, as exponents are.
        return Double(
            sign: .plus, exponentBitPattern: UInt(scale + 52 + 1023),
            significandBitPattern: significand & ((1 << 52) - 1))
    }
}
