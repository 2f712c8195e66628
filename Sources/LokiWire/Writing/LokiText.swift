import GoText
import PrometheusWire
import TimeSeries

/// Texts as Loki writes them in JSON: quotes, backslashes, control characters, `<`, `>`, `&`, U+2028
/// and U+2029 are escaped, and what is no UTF-8 becomes U+FFFD, which is escaped too.
enum LokiText {
    /// What a byte means for the spelling of a text.
    private enum Kind: UInt8 {
        case plain, quote, backslash, high, other
    }

    private static let kinds: [UInt8] = (0..<256).map { byte -> UInt8 in
        let kind: Kind =
            switch UInt8(byte) {
            case UInt8(ascii: "\""): .quote
            case UInt8(ascii: "\\"): .backslash
            case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): .other
            case 0x80...: .high
            default: .plain
            }
        return kind.rawValue
    }

    /// Appends the spelling of a text, without quotes.
    static func append(_ text: some Collection<UInt8>, to out: inout [UInt8]) {
        if isPlain(text) {
            out.append(contentsOf: text)
            return
        }
        let start = out.count
        JSONText.append(String(decoding: text, as: UTF8.self), to: &out)
        out.removeLast()
        out.remove(at: start)
    }

    /// Whether a text is spelled as it is.
    private static func isPlain(_ text: some Collection<UInt8>) -> Bool {
        text.withContiguousStorageIfAvailable { firstUnplain(in: $0, from: 0) == $0.count }
            ?? text.allSatisfy { kinds[Int($0)] == Kind.plain.rawValue }
    }

    /// Where the first byte is that is not plain; the end where there is none.
    private static func firstUnplain(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let raw = UnsafeRawBufferPointer(bytes)
        var index = start
        while index + 8 <= raw.count {
            let word = UInt64(
                littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let found = unplain(word)
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        return kinds.withUnsafeBufferPointer { kinds in
            while index < bytes.count, kinds[Int(bytes[index])] == Kind.plain.rawValue {
                index += 1
            }
            return index
        }
    }

    /// The lowest bit that is set is in the first of eight bytes that is not plain; the bits above it
    /// mean nothing.
    private static func unplain(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones &* 0x80
        func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & tops }
        let isHigh = word & tops
        let isControl = (word &- ones &* 0x20) & ~word & tops
        // The quote and `&` differ in one bit, and so do `<` and `>`.
        return isHigh | isControl | zeros((word | ones &* 0x04) ^ ones &* 0x26)
            | zeros((word | ones &* 0x02) ^ ones &* 0x3E) | zeros(word ^ ones &* 0x5C)
    }

    /// Appends the spelling of a text, in quotes.
    static func appendQuoted(_ text: some Collection<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        append(text, to: &out)
        out.append(UInt8(ascii: "\""))
    }

    /// Where the spelling of a text ends that begins here, behind its quote.
    ///
    /// - Returns: nil where Loki would spell it otherwise, or it has not arrived wholly.
    static func plainEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        kinds.withUnsafeBufferPointer { kinds in
            var index = start
            var hasHigh = false
            while true {
                index = firstUnplain(in: bytes, from: index)
                guard index < bytes.count else { return nil }
                switch Kind(rawValue: kinds[Int(bytes[index])]) {
                case .quote:
                    if hasHigh {
                        let text = UnsafeBufferPointer(rebasing: bytes[start..<index])
                        guard UTF8Text.isValid(text), !hasSeparators(text) else { return nil }
                    }
                    return index
                case .backslash:
                    guard let length = escapeLength(bytes, at: index) else { return nil }
                    index += length
                case .high:
                    hasHigh = true
                    while index < bytes.count, bytes[index] >= 0x80 { index += 1 }
                case .plain, .other, nil: return nil
                }
            }
        }
    }

    /// Bytes of an escape that Loki itself would write; nil for any other.
    private static func escapeLength(
        _ bytes: UnsafeBufferPointer<UInt8>, at index: Int
    ) -> Int? {
        guard index + 1 < bytes.count else { return nil }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard index + 5 < bytes.count else { return nil }
            var code: UInt32 = 0
            for byte in bytes[(index + 2)...(index + 5)] {
                code = code << 8 | UInt32(byte)
            }
            return escapes.contains(code) ? 6 : nil
        default: return nil
        }
    }

    /// The four digits of each escape that Loki writes with a code.
    private static let escapes: Set<UInt32> = {
        var texts = ["003c", "003e", "0026", "2028", "2029", "fffd"]
        for code in 0..<0x20 where ![9, 10, 13].contains(code) {
            let digits = String(code, radix: 16)
            texts.append(String(repeating: "0", count: 4 - digits.count) + digits)
        }
        return Set(texts.map { $0.utf8.reduce(0) { $0 << 8 | UInt32($1) } })
    }()

    /// Whether the text has U+2028, U+2029 or U+FFFD.
    private static func hasSeparators(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index + 2 < text.count {
            if text[index] == 0xE2, text[index + 1] == 0x80, text[index + 2] & 0xFE == 0xA8 {
                return true
            }
            if text[index] == 0xEF, text[index + 1] == 0xBF, text[index + 2] == 0xBD {
                return true
            }
            index += 1
        }
        return false
    }
}

extension LokiText {
    /// Appends `{"name":"value",…}`, names in order.
    static func append(_ labels: LabelSet, to out: inout [UInt8]) {
        append(labelsInKey: labels.key[...], to: &out)
    }

    /// The same of the key of a label set.
    static func append(labelsInKey key: ArraySlice<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        key.withUnsafeBufferPointer { key in
            var start = 0
            var isName = true
            for end in key.indices where key[end] == 0 {
                if start > 0 { out.append(UInt8(ascii: isName ? "," : ":")) }
                append(inKey: UnsafeBufferPointer(rebasing: key[start..<end]), to: &out)
                start = end + 1
                isName.toggle()
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Appends a name or value of the key of a label set. In a key a byte 1 escapes the byte behind it.
    private static func append(inKey bytes: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        if !bytes.contains(1) { return appendQuoted(bytes, to: &out) }
        var text: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped || byte != 1 { text.append(isEscaped ? byte &- 1 : byte) }
            isEscaped = !isEscaped && byte == 1
        }
        appendQuoted(text, to: &out)
    }
}
