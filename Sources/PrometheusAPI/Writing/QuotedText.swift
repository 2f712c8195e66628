internal import Quoting

/// Text in double quotes as Go's `%q` writes it, for error messages.
public enum QuotedText {
    public static func of(_ text: String) -> String { GoQuoting.quote(text) }

    /// As above, for bytes: those that are no UTF-8 are written as numbers.
    public static func of(bytes: [UInt8]) -> String { GoQuoting.quote(bytes: bytes) }
}
