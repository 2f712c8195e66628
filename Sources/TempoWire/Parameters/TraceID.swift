/// The identity of a trace: 16 bytes. Tempo leaves zeros at the beginning out of what it writes, so
/// that ids are compared with all their digits.
public struct TraceID: Hashable, Sendable {
    /// 32 digits in lower case.
    public let hexadecimal: String
    private static let digits = 32

    /// Reads an id of a path: up to 32 hexadecimal digits of either case.
    ///
    /// - Throws: what Tempo says of others.
    public init(_ text: String) throws(TempoError) {
        for (offset, scalar) in text.unicodeScalars.enumerated() where !Self.isDigit(scalar) {
            throw .badRequest(
                "trace IDs can only contain hex characters: invalid character '\(scalar)' "
                    + "at position \(offset + 1)")
        }
        guard let id = Self(padding: text) else {
            throw .badRequest("trace IDs can't be larger than 128 bits")
        }
        self = id
    }

    /// Nil for what is no id.
    init?(padding text: String) {
        guard text.utf8.count <= Self.digits, text.unicodeScalars.allSatisfy(Self.isDigit) else {
            return nil
        }
        hexadecimal =
            String(repeating: "0", count: Self.digits - text.utf8.count) + text.lowercased()
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "a"..."f", "A"..."F": true
        default: false
        }
    }
}
