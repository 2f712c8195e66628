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
        var isPlain = true
        for byte in text where kinds[Int(byte)] != Kind.plain.rawValue {
            isPlain = false
            break
        }
        if isPlain {
            out.append(contentsOf: text)
            return
        }
        let start = out.count
        JSONText.append(String(decoding: text, as: UTF8.self), to: &out)
        out.removeLast()
        out.remove(at: start)
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
            while index < bytes.count {
                switch Kind(rawValue: kinds[Int(bytes[index])]) {
                case .plain: index += 1
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
                    index += 1
                case .other, nil: return nil
                }
            }
            return nil
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

    /// Whether U+2028, U+2029 or U+FFFD stands in UTF-8.
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
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for range in labels.ranges {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            append(inKey: labels.key[range.name], to: &out)
            out.append(UInt8(ascii: ":"))
            append(inKey: labels.key[range.value], to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// A name or value as it stands in the key of a label set, where a 1 escapes the byte behind it.
    private static func append(inKey bytes: ArraySlice<UInt8>, to out: inout [UInt8]) {
        guard bytes.contains(1) else { return appendQuoted(bytes, to: &out) }
        var text: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped || byte != 1 { text.append(isEscaped ? byte &- 1 : byte) }
            isEscaped = !isEscaped && byte == 1
        }
        appendQuoted(text, to: &out)
    }
}
