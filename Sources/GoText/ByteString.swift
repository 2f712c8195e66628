/// A text that is compared and ordered by its bytes: Swift's own comparison equates canonically
/// equivalent Unicode, Prometheus does not.
public struct ByteString: Hashable, Comparable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public static func == (lhs: ByteString, rhs: ByteString) -> Bool {
        lhs.text.utf8.elementsEqual(rhs.text.utf8)
    }

    public static func < (lhs: ByteString, rhs: ByteString) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

/// Several texts in one, of which each list has its own.
public enum FieldText {
    /// Each with its length before it; nil is not the empty text.
    public static func of(_ fields: [String?]) -> String {
        fields.map { field in field.map { "\($0.utf8.count):\($0);" } ?? "-;" }.joined()
    }
}
