import GoText

/// `limit`: how many results may be given; 0 or absent for all.
public enum RequestLimit {
    public static func parse(_ text: String) throws(APIError) -> Int {
        if text.isEmpty { return 0 }
        let digits = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw .parameter(
                "limit", "strconv.Atoi: parsing \(GoQuoting.quote(text)): invalid syntax")
        }
        guard let number = Int(text) else {
            throw .parameter(
                "limit", "strconv.Atoi: parsing \(GoQuoting.quote(text)): value out of range")
        }
        if number < 0 { throw .parameter("limit", "limit must be non-negative") }
        return number
    }

    public static let truncationWarning = "results truncated due to limit"
}
