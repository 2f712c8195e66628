/// A text that is compared and ordered by its bytes: Swift's own comparison equates canonically
/// equivalent Unicode, Prometheus does not.
struct ByteString: Hashable, Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: ByteString, rhs: ByteString) -> Bool {
        lhs.text.utf8.elementsEqual(rhs.text.utf8)
    }

    static func < (lhs: ByteString, rhs: ByteString) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
