import CRE2

/// A regular expression with RE2's syntax and linear time, matched at both ends, whose dot matches
/// a line break: `^(?s:RE)$`, as Prometheus matches labels.
public struct RegularExpression: Sendable {
    private let compiled: Compiled
    /// As given.
    public let pattern: String

    /// - Throws: the error in the words of Prometheus.
    public init(_ pattern: String) throws(RegularExpressionError) {
        self.pattern = pattern
        compiled = try Compiled(pattern)
    }

    /// Whether the whole text matches.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                cre2_full_match(compiled.handle, $0.baseAddress, $0.count)
            }
        }
    }

    /// The template with `$1`, `$name` and `${name}` replaced by what the groups matched and `$$`
    /// by a dollar; nil when the text does not match as a whole. As Go's `Regexp.Expand`.
    public func expand(_ text: String, template: String) -> String? {
        guard let groups = groups(in: text) else { return nil }
        return ExpandTemplate(template).expanded { reference in
            switch reference {
            case .number(let number): number < groups.count ? groups[number] : ""
            case .name(let name): compiled.names[name].flatMap { groups[$0] } ?? ""
            }
        }
    }

    private func groups(in text: String) -> [String]? {
        var text = text
        let count = compiled.groupCount + 1
        return text.withUTF8 { bytes -> [String]? in
            var offsets = [Int](repeating: -1, count: 2 * count)
            let matched = bytes.withMemoryRebound(to: CChar.self) {
                cre2_match_groups(
                    compiled.handle, $0.baseAddress, $0.count, Int32(count), &offsets)
            }
            guard matched else { return nil }
            return (0..<count).map { group in
                let (start, end) = (offsets[2 * group], offsets[2 * group + 1])
                return start < 0 ? "" : String(decoding: bytes[start..<end], as: UTF8.self)
            }
        }
    }

    /// Owns the C++ object.
    /// `@unchecked Sendable`: RE2 objects are immutable once made and safe to match with from many
    /// threads at once.
    private final class Compiled: @unchecked Sendable {
        let handle: OpaquePointer
        let groupCount: Int
        let names: [String: Int]

        init(_ pattern: String) throws(RegularExpressionError) {
            var text = pattern
            let handle = text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { cre2_new($0.baseAddress, $0.count) }
            }
            guard let handle else { throw RegularExpressionError(code: 1, argument: pattern) }
            let code = cre2_error_code(handle)
            if code != 0 {
                var length = 0
                let argument = cre2_error_argument(handle, &length)
                let error = RegularExpressionError(
                    code: Int(code), argument: Self.text(argument, length))
                cre2_delete(handle)
                throw error
            }
            self.handle = handle
            groupCount = Int(cre2_group_count(handle))
            var names: [String: Int] = [:]
            for group in 0...groupCount {
                var length = 0
                if let name = cre2_group_name(handle, Int32(group), &length) {
                    names[Self.text(name, length)] = group
                }
            }
            self.names = names
        }

        deinit { cre2_delete(handle) }

        private static func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
            guard let start else { return "" }
            return String(
                decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
        }
    }
}
