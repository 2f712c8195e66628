import GoText

/// Names of labels and metrics.
public enum LabelName {
    /// Whether a name has the form that all versions of Prometheus know: letters, digits and `_`, not
    /// beginning with a digit.
    public static func isLegacy(_ name: String) -> Bool {
        var first = true
        for byte in name.utf8 {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F
            let isDigit = byte >= 0x30 && byte <= 0x39
            if !isLetter && (first || !isDigit) { return false }
            first = false
        }
        return !first
    }
}

extension LabelSet {
    /// `{__name__="x", a="b"}`, as error texts show label sets: every label in order, values quoted,
    /// and names that are not legacy ones too.
    public var quotedText: String {
        let pairs = pairs.map { pair in
            (LabelName.isLegacy(pair.name) ? pair.name : GoQuoting.quote(pair.name)) + "="
                + GoQuoting.quote(pair.value)
        }
        return "{" + pairs.joined(separator: ", ") + "}"
    }
}
