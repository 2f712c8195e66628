/// Why a regular expression is refused; `description` is Prometheus's text.
public struct RegularExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// `code` as RE2's `ErrorCode`.
    init(code: Int, argument: String) {
        let reason =
            switch code {
            case 2: "invalid escape sequence"
            case 3: "invalid character class"
            case 4: "invalid character class range"
            case 5: "missing closing ]"
            case 6: "missing closing )"
            case 7: "unexpected )"
            case 8: "trailing backslash at end of expression"
            case 9: "missing argument to repetition operator"
            case 10: "invalid repeat count"
            case 11: "invalid nested repetition operator"
            case 12: "invalid or unsupported Perl syntax"
            case 13: "invalid UTF-8"
            case 14: "invalid named capture"
            case 15: "expression too large"
            default: "internal error"
            }
        description = "error parsing regexp: \(reason): `\(argument)`"
    }
}
