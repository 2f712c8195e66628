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
