import CRE2

/// A pattern compiled by RE2.
///
/// A class, because it owns memory of the C++ library; immutable, and safe to use from several
/// threads at once because RE2's matching functions are.
final class CompiledPattern: @unchecked Sendable {
    /// For the program and its automata together. Large enough for alternations of some ten
    /// thousand words, small enough that a hostile pattern cannot take the process down; a pattern
    /// beyond it is refused, an automaton beyond it is rebuilt or replaced by a slower matcher.
    private static let memoryBudget: Int64 = 32 << 20

    private let expression: OpaquePointer
    private let groupCount: Int

    init(_ pattern: String) throws(RegularExpressionError) {
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
        var spans = [CRE2Span](repeating: CRE2Span(offset: -1, length: 0), count: groupCount + 1)
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
