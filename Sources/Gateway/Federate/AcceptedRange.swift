/// One of the media ranges that an `Accept` header lists.
struct AcceptedRange: Sendable {
    /// `text/plain`, as it is written.
    var type: String
    /// Without `q`.
    var parameters: [String: String] = [:]
    var quality = 1.0

    /// The best first; of equal ones the more specific, then the earlier.
    static func ranges(of accept: String) -> [AcceptedRange] {
        let listed = accept.split(separator: ",").compactMap(AcceptedRange.init)
        return listed.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.quality != b.quality { return a.quality > b.quality }
            if a.wildcards != b.wildcards { return a.wildcards < b.wildcards }
            return left.offset < right.offset
        }.map(\.element)
    }

    private init?(_ text: Substring) {
        let parts = text.split(separator: ";").map(Self.trimmed)
        guard let first = parts.first, first.contains("/") else { return nil }
        type = first
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let name = Self.trimmed(part[..<equals])
            let value = Self.trimmed(part[equals...].dropFirst())
            if name == "q" {
                quality = Double(value) ?? 1
            } else {
                parameters[name] = value
            }
        }
        if quality.isNaN { quality = 0 }
    }

    private var wildcards: Int { type.utf8.count { $0 == UInt8(ascii: "*") } }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let blanks = text.drop { $0 == " " || $0 == "\t" }
        return String(blanks.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
