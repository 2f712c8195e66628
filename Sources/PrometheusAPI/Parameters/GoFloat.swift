/// Numbers as Go's `strconv.ParseFloat` reads them.
enum GoFloat {
    static func parse(_ text: String) -> Double? {
        // Swift also reads NaN payloads.
        if text.contains("(") { return nil }
        return Double(text)
    }
}
