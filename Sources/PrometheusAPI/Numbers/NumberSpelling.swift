/// Prometheus's spelling of sample values: `-?digits[.digits][e±digits]` without needless leading
/// zeros, `NaN`, `+Inf`, `-Inf`. What has it is copied; whatever else reads as a number is spelled
/// anew.
enum NumberSpelling {
    static func isValue(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        switch rest.first {
        case UInt8(ascii: "N"): return text.elementsEqual(words.nan)
        case UInt8(ascii: "+"): return text.elementsEqual(words.positive)
        case UInt8(ascii: "-"):
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "I") { return text.elementsEqual(words.negative) }
        default: break
        }
        let leading = rest.first
        let whole = dropDigits(&rest)
        guard whole == 1 || (whole > 1 && leading != UInt8(ascii: "0")) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard dropDigits(&rest) > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            guard rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") else {
                return false
            }
            rest = rest.dropFirst()
            guard dropDigits(&rest) > 1 else { return false }
        }
        return rest.isEmpty
    }

    /// Takes the digits that a text begins with; how many they were.
    private static func dropDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
        var end = rest.startIndex
        while end < rest.endIndex, rest[end] &- 48 < 10 { end += 1 }
        defer { rest = rest[end...] }
        return end - rest.startIndex
    }

    private static let words = (
        nan: Array("NaN".utf8), positive: Array("+Inf".utf8), negative: Array("-Inf".utf8)
    )
}
