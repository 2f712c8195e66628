import CRE2

/// A regular expression that matches whole texts, as Prometheus matches label values: RE2 syntax,
/// anchored at both ends, `.` also matches a line break (as `labels.NewFastRegexMatcher` of
/// Prometheus 3.x, which parses the pattern by itself and then matches `^(?s:RE)$`).
///
/// Matching takes time linear in the text, whatever the pattern. Patterns without real regular
/// expression syntax, which most are, never reach the matching engine.
public struct RegularExpression: Sendable {
    /// The pattern as given, without the anchors.
    public let pattern: String

    /// Groups of an expression of which `expand` may be asked: a match that tells what its groups
    /// span takes memory that grows with the square of their number.
    public static let mostGroups = 1000

    private let form: Form

    /// How a pattern is matched. All forms but the last are cheaper ways to the same answers.
    private enum Form: Sendable {
        case literals(LiteralPattern)
        case compiled(CompiledPattern)
    }

    /// Bytes of the longest pattern.
    public static let longestPattern = 1 << 22

    /// Compiles the pattern; throws when Go's `regexp` would refuse it, or when it would take too
    /// much memory and time.
    public init(_ pattern: String) throws(RegularExpressionError) {
        guard pattern.utf8.count <= Self.longestPattern else { throw .tooLarge(pattern) }
        self.pattern = pattern
        if let literals = LiteralPattern(pattern) {
            form = .literals(literals)
        } else {
            form = .compiled(try CompiledPattern(pattern))
        }
    }

    /// The pattern that matches this text and no other, as Go's `QuoteMeta` writes it.
    public static func quoted(_ text: some Sequence<UInt8>) -> String {
        var bytes: [UInt8] = []
        for byte in text {
            if #"\.+*?()|[]{}^$"#.utf8.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Capturing groups, the whole match not counted.
    public var groupCount: Int {
        switch form {
        case .literals(let literals): literals.groupCount
        case .compiled(let compiled): compiled.groupCount
        }
    }

    /// Whether the whole text matches.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches($0) }
    }

    /// As `matches(_:)`, for text in UTF-8.
    public func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch form {
        case .literals(let literals): literals.matches(text)
        case .compiled(let compiled): compiled.matches(text)
        }
    }

    /// Fills a template from a match of the whole text; nil when the text does not match. The
    /// expression must not have more than `mostGroups` groups: those beyond are empty.
    ///
    /// `$1`, `$name` and `${name}` stand for groups, `$$` for a dollar sign. A name is as long as
    /// it can be: `$1x` is `${1x}`, not `${1}x`. Groups that do not exist or took no part are
    /// empty; a `$` that begins no name stands for itself. As `Regexp.Expand` of Go.
    public func expand(_ text: String, template: String) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            switch form {
            case .literals(let literals):
                guard literals.matches(bytes) else { return nil }
                let whole = 0..<bytes.count
                return ExpansionTemplate(template).expanded(bytes) { name in
                    switch name {
                    case .number(let number): number <= literals.groupCount ? whole : nil
                    case .word: nil
                    }
                }
            case .compiled(let compiled):
                guard let groups = compiled.groups(in: bytes) else { return nil }
                return ExpansionTemplate(template).expanded(bytes) { name in
                    let index =
                        switch name {
                        case .number(let number): number
                        case .word(let word): compiled.groupIndex(of: word)
                        }
                    return groups.indices.contains(index) ? groups[index] : nil
                }
            }
        }
    }
}

/// A pattern compiled by RE2.
///
/// A class, because it owns memory of the C++ library.
///
/// `@unchecked Sendable`: it is immutable, and RE2's matching functions may run on several threads.
final class CompiledPattern: @unchecked Sendable {
    /// For the program and its automata together. Large enough for alternations of some ten
    /// thousand words, small enough that a hostile pattern cannot take the process down; a pattern
    /// beyond it is refused, an automaton beyond it is rebuilt or replaced by a slower matcher.
    private static let memoryBudget: Int64 = 32 << 20

    /// How large a pattern RE2 is given (`GoDialect.size`): what it takes to read a pattern is not
    /// within its own bound. Far less than a million nodes, beyond which it writes to the standard
    /// error.
    static let largestSize = 1 << 19

    private let expression: OpaquePointer
    fileprivate let groupCount: Int

    init(_ pattern: String) throws(RegularExpressionError) {
        guard GoDialect.size(of: pattern) <= Self.largestSize else { throw .tooLarge(pattern) }
        // Not wrapped in `^(?s:…)$` as text: anchors and flags are given as options, so that errors
        // show the pattern as it was written and no bracket in it can close the wrapping.
        var translated = try GoDialect.translated(pattern)
        let compiled = translated.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                cre2_compile($0.baseAddress, $0.count, Self.memoryBudget)
            }
        }
        let code = cre2_error_code(compiled)
        guard code == CRE2NoError else {
            defer { cre2_free(compiled) }
            var length = 0
            let argument = cre2_error_argument(compiled, &length)
            let bytes = UnsafeRawBufferPointer(start: argument, count: length)
            throw RegularExpressionError(
                reason: RegularExpressionError.reason(of: code),
                fragment: String(decoding: bytes, as: UTF8.self))
        }
        expression = compiled
        groupCount = Int(cre2_group_count(compiled))
    }

    deinit { cre2_free(expression) }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.withMemoryRebound(to: CChar.self) {
            cre2_matches(expression, $0.baseAddress, $0.count)
        }
    }

    /// The byte ranges of all groups of a match, group 0 being the whole; nil for a group that took
    /// no part. nil when the text does not match.
    func groups(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>?]? {
        // An empty text has no address, which RE2 would take for a group without part.
        guard let start = text.baseAddress else {
            var empty = [UInt8](repeating: 0, count: 1)
            return empty.withUnsafeMutableBufferPointer {
                groups(start: UnsafePointer($0.baseAddress.unsafelyUnwrapped), count: 0)
            }
        }
        return groups(start: start, count: text.count)
    }

    private func groups(start: UnsafePointer<UInt8>, count: Int) -> [Range<Int>?]? {
        var spans = [CRE2Span](
            repeating: CRE2Span(offset: -1, length: 0),
            count: 1 + min(groupCount, RegularExpression.mostGroups))
        let found = start.withMemoryRebound(to: CChar.self, capacity: count) {
            cre2_captures(expression, $0, count, &spans, CInt(clamping: spans.count))
        }
        guard found else { return nil }
        return spans.map { span in
            span.offset < 0 ? nil : Int(span.offset)..<Int(span.offset + span.length)
        }
    }

    /// The number of a named group, or -1.
    func groupIndex(of name: [UInt8]) -> Int {
        name.withUnsafeBytes { bytes in
            Int(
                cre2_group_index(
                    expression, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count))
        }
    }
}

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

    /// As Go's `regexp` says it; of the pattern its beginning.
    static func tooLarge(_ pattern: String) -> RegularExpressionError {
        let beginning = String(decoding: pattern.utf8.prefix(64), as: UTF8.self)
        return RegularExpressionError(
            reason: reason(of: CRE2ErrorPatternTooLarge),
            fragment: pattern.utf8.count > 64 ? beginning + "…" : beginning)
    }

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
