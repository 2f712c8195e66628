/// A replacement text with `$` references, read as Go's `Regexp.Expand` reads it.
struct ExpansionTemplate {
    enum GroupName: Equatable {
        case number(Int)
        case word([UInt8])
    }

    private enum Part {
        case text(Range<Int>)
        case dollar
        case group(GroupName)
    }

    private let bytes: [UInt8]
    private var parts: [Part] = []

    init(_ template: String) {
        bytes = Array(template.utf8)
        var textStart = 0
        var i = 0
        while i < bytes.count {
            guard bytes[i] == UInt8(ascii: "$") else {
                i += 1
                continue
            }
            if textStart < i { parts.append(.text(textStart..<i)) }
            if i + 1 < bytes.count, bytes[i + 1] == UInt8(ascii: "$") {
                parts.append(.dollar)
                i += 2
            } else if let (name, end) = Self.reference(bytes, after: i + 1) {
                parts.append(.group(name))
                i = end
            } else {
                parts.append(.dollar)
                i += 1
            }
            textStart = i
        }
        if textStart < bytes.count { parts.append(.text(textStart..<bytes.count)) }
    }

    /// The template with its references replaced by what `range` says of the subject.
    func expanded(
        _ subject: UnsafeBufferPointer<UInt8>, range: (GroupName) -> Range<Int>?
    ) -> String {
        var out: [UInt8] = []
        for part in parts {
            switch part {
            case .text(let text): out.append(contentsOf: bytes[text])
            case .dollar: out.append(UInt8(ascii: "$"))
            case .group(let name):
                if let range = range(name) { out.append(contentsOf: subject[range]) }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads `name` or `{name}`; nil when there is no name, or no closing brace right after it.
    private static func reference(
        _ bytes: [UInt8], after start: Int
    ) -> (name: GroupName, end: Int)? {
        var start = start
        let braced = start < bytes.count && bytes[start] == UInt8(ascii: "{")
        if braced { start += 1 }
        let end = endOfWord(bytes, from: start)
        guard end > start else { return nil }
        if braced {
            guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
        }
        return (groupName(bytes[start..<end]), braced ? end + 1 : end)
    }

    private static func endOfWord(_ bytes: [UInt8], from start: Int) -> Int {
        var end = start
        var rest = bytes[start...].makeIterator()
        var decoder = UTF8()
        while case .scalarValue(let scalar) = decoder.decode(&rest), isWord(scalar) {
            end += UTF8.width(scalar)
        }
        return end
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber:
            true
        default: scalar == "_"
        }
    }

    /// Digits are a number, unless there are too many or they begin with a needless zero; such names
    /// are words, and no group has them.
    private static func groupName(_ word: ArraySlice<UInt8>) -> GroupName {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard word.allSatisfy(digits.contains), word.count <= 8,
            word.count == 1 || word.first != UInt8(ascii: "0")
        else { return .word(Array(word)) }
        return .number(word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
    }
}
