/// A regular expression that matches whole texts, as Prometheus matches label values: RE2 syntax,
/// anchored at both ends, `.` also matches a line break (as `labels.NewFastRegexMatcher` of
/// Prometheus 3.x, which parses the pattern by itself and then matches `^(?s:RE)$`).
///
/// Matching takes time linear in the text, whatever the pattern. Patterns without real regular
/// expression syntax, which most are, never reach the matching engine.
public struct RegularExpression: Sendable {
    /// The pattern as given, without the anchors.
    public let pattern: String

    private let form: Form

    /// How a pattern is matched. All forms but the last are cheaper ways to the same answers.
    private enum Form: Sendable {
        case literals(LiteralPattern)
        case compiled(CompiledPattern)
    }

    /// Compiles the pattern; throws when Go's `regexp` would refuse it.
    public init(_ pattern: String) throws(RegularExpressionError) {
        self.pattern = pattern
        if let literals = LiteralPattern(pattern) {
            form = .literals(literals)
        } else {
            form = .compiled(try CompiledPattern(pattern))
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

    /// Fills a template from a match of the whole text; nil when the text does not match.
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
