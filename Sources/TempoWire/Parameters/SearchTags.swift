import GoText

/// The conditions of `tags`: keys and values as logfmt writes them. A trace has them all, each in
/// some resource or span, and each as a part of a value.
struct SearchTags: Equatable {
    private(set) var pairs: [(key: String, value: String)] = []

    static func == (lhs: SearchTags, rhs: SearchTags) -> Bool { lhs.text == rhs.text }

    /// - Throws: what Tempo says of a text that is no logfmt.
    init(_ text: String) throws(TempoError) {
        var scanner = Scanner(bytes: Array(text.utf8))
        while let pair = try scanner.next() {
            if pairs.contains(where: { $0.key.utf8.elementsEqual(pair.key.utf8) }) {
                throw .badRequest("invalid tags: tag \(pair.key) has been set twice")
            }
            pairs.append(pair)
        }
    }

    init(_ pairs: [(key: String, value: String)]) { self.pairs = pairs }

    var text: String {
        pairs.map { "\($0.key)=\(Self.written($0.value))" }.joined(separator: " ")
    }

    private static func written(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        return isPlain ? value : GoQuoting.quote(value)
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        /// Tempo counts positions from one.
        private func wrong(_ words: String) -> TempoError {
            .badRequest("invalid tags: \(words) at pos \(position + 1)")
        }

        mutating func next() throws(TempoError) -> (key: String, value: String)? {
            while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
            guard position < bytes.count else { return nil }
            let start = position
            while position < bytes.count, bytes[position] > 0x20, bytes[position] != 0x3D {
                if bytes[position] == 0x22 { throw wrong("unexpected '\"'") }
                position += 1
            }
            guard position > start else { throw wrong("unexpected '='") }
            let key = String(decoding: bytes[start..<position], as: UTF8.self)
            guard position < bytes.count, bytes[position] == 0x3D else { return (key, "") }
            position += 1
            guard position < bytes.count, bytes[position] == 0x22 else { return (key, try bare()) }
            return (key, try quoted())
        }

        private mutating func bare() throws(TempoError) -> String {
            let start = position
            while position < bytes.count, bytes[position] > 0x20 {
                if bytes[position] == 0x3D { throw wrong("unexpected '='") }
                if bytes[position] == 0x22 { throw wrong("unexpected '\"'") }
                position += 1
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func quoted() throws(TempoError) -> String {
            position += 1
            var value: [UInt8] = []
            while position < bytes.count {
                switch bytes[position] {
                case 0x22:
                    position += 1
                    if position < bytes.count, bytes[position] > 0x20 {
                        throw wrong("unexpected '\(Character(Unicode.Scalar(bytes[position])))'")
                    }
                    return String(decoding: value, as: UTF8.self)
                case 0x5C:
                    var rest = bytes[(position + 1)...]
                    do throws(GoQuoting.EscapeFailure) {
                        try GoQuoting.readEscape(&rest, into: &value)
                    } catch { throw wrong("invalid quoted value") }
                    position = rest.startIndex
                default:
                    value.append(bytes[position])
                    position += 1
                }
            }
            throw wrong("unterminated quoted value")
        }
    }
}
