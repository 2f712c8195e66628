/// Prometheus's spelling of sample values: `-?digits[.digits][e±digits]` without needless leading
/// zeros, `NaN`, `+Inf`, `-Inf`. What has it is copied; whatever else reads as a number is spelled
/// anew.
enum NumberSpelling {
    static func isValue(_ text: ArraySlice<UInt8>) -> Bool {
        var index = text.startIndex
        func peek() -> UInt8 { index < text.endIndex ? text[index] : 0 }
        func skipDigits() -> Int {
            let start = index
            while peek() &- 48 < 10 { index += 1 }
            return index - start
        }
        switch peek() {
        case UInt8(ascii: "N"): return text.elementsEqual(words.nan)
        case UInt8(ascii: "+"): return text.elementsEqual(words.positive)
        case UInt8(ascii: "-"):
            index += 1
            if peek() == UInt8(ascii: "I") { return text.elementsEqual(words.negative) }
        default: break
        }
        let leading = peek()
        let whole = skipDigits()
        guard whole == 1 || (whole > 1 && leading != UInt8(ascii: "0")) else { return false }
        if peek() == UInt8(ascii: ".") {
            index += 1
            guard skipDigits() > 0 else { return false }
        }
        if peek() == UInt8(ascii: "e") {
            index += 1
            guard peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") else { return false }
            index += 1
            guard skipDigits() > 1 else { return false }
        }
        return index == text.endIndex
    }

    private static let words = (
        nan: Array("NaN".utf8), positive: Array("+Inf".utf8), negative: Array("-Inf".utf8)
    )
}
