/// A label as it stands in a buffer in Prometheus's spelling, `"name":"value"`; the ranges leave
/// the quotes out, and the name has no escapes.
struct PlainLabel {
    var name: Range<Int>
    var value: Range<Int>
    /// The value has backslashes.
    var isEscaped: Bool

    /// The text can be copied, and its bytes are the label's bytes.
    var isClean: Bool { !isEscaped && !value.isEmpty }
}
