/// A label as it stands in a buffer in Prometheus's spelling, `"name":"value"`; the ranges leave
/// the quotes out, and the name has no escapes.
struct PlainLabel {
    enum Escapes {
        case none
        /// Only those that Prometheus writes as a backslash and one character, so that the text can
        /// be copied.
        case short
        case other
    }

    var name: Range<Int>
    var value: Range<Int>
    var escapes: Escapes

    /// The text goes out as it stands: it has a value, and no escape that Prometheus writes
    /// differently.
    var isCopied: Bool { escapes != .other && !value.isEmpty }
}
