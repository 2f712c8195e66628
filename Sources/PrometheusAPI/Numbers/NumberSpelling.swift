/// Prometheus's spelling of sample values: `-?digits[.digits][e±digits]` without needless leading
/// zeros, `NaN`, `+Inf`, `-Inf`. What has it is copied; whatever else reads as a number is spelled
/// anew.
enum NumberSpelling {
    static func isValue(_ text: some RandomAccessCollection<UInt8>) -> Bool {
        var rest = text[...]
        func take(_ matches: (UInt8) -> Bool) -> Int {
            let run = rest.prefix(while: matches)
            rest = rest.dropFirst(run.count)
            return run.count
        }
        func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
        if text.elementsEqual("NaN".utf8) || text.elementsEqual("+Inf".utf8)
            || text.elementsEqual("-Inf".utf8)
        {
            return true
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leading = rest.first
        let whole = take(isDigit)
        guard whole == 1 || (whole > 1 && leading != UInt8(ascii: "0")) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard take(isDigit) > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            guard rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") else {
                return false
            }
            rest = rest.dropFirst()
            guard take(isDigit) > 1 else { return false }
        }
        return rest.isEmpty
    }
}
