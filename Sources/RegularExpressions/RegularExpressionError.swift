import CRE2

/// Why a regular expression is refused, in the words of Go's `regexp/syntax`, which are the words
/// Prometheus shows.
public struct RegularExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Such as `missing closing )`.
    public let reason: String
    /// The part of the pattern at fault, or all of it.
    public let fragment: String

    public init(reason: String, fragment: String) {
        self.reason = reason
        self.fragment = fragment
    }

    public var description: String { "error parsing regexp: \(reason): `\(fragment)`" }

    static func reason(of code: CRE2ErrorCode) -> String {
        switch code {
        case CRE2ErrorBadEscape: "invalid escape sequence"
        case CRE2ErrorBadCharacterClass: "invalid character class"
        case CRE2ErrorBadCharacterRange: "invalid character class range"
        case CRE2ErrorMissingBracket: "missing closing ]"
        case CRE2ErrorMissingParenthesis: "missing closing )"
        case CRE2ErrorUnexpectedParenthesis: "unexpected )"
        case CRE2ErrorTrailingBackslash: "trailing backslash at end of expression"
        case CRE2ErrorRepeatArgument: "missing argument to repetition operator"
        case CRE2ErrorRepeatSize: "invalid repeat count"
        case CRE2ErrorRepeatOperator: "invalid nested repetition operator"
        case CRE2ErrorBadPerlOperator: "invalid or unsupported Perl syntax"
        case CRE2ErrorBadUTF8: "invalid UTF-8"
        case CRE2ErrorBadNamedCapture: "invalid named capture"
        case CRE2ErrorPatternTooLarge: "expression too large"
        default: "expression nests too deeply"
        }
    }
}
