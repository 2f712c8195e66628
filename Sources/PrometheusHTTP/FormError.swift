/// What was wrong with a query string or a form. Most endpoints ignore it, some refuse
/// (`error parsing form values: <description>`).
public enum FormError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A `;` stood in the query, which Go refuses since 1.17.
    case semicolonSeparator
    /// A `%` without two hexadecimal digits; the text is `%` and what followed.
    case badEscape(String)
    /// A multipart form that cannot be taken apart.
    case malformedMultipart

    /// As Go words it.
    public var description: String {
        switch self {
        case .semicolonSeparator: "invalid semicolon separator in query"
        case .badEscape(let text): "invalid URL escape \"\(text)\""
        case .malformedMultipart: "multipart: NextPart: EOF"
        }
    }
}
