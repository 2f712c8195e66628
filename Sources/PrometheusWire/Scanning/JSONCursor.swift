import GoText

/// A strict reader of JSON in a buffer, one value at a time: the exact walker for whatever the fast
/// scan does not know, and for the small documents that are no query answers.
public struct JSONCursor {
    public enum Failure: Error, Equatable {
        /// The buffer ends inside a value.
        case incomplete
        /// No JSON, at this offset.
        case malformed(Int, String)
        /// More of something than is allowed.
        case tooMany(String)
        /// A sample, at this time, where no step was asked for.
        case offGrid(Timestamp)
    }

    package let bytes: [UInt8]
    public internal(set) var position: Int
    let end: Int
    private var depth = 0
    private static let maximumDepth = 64

    public init(_ bytes: [UInt8], from start: Int = 0, to end: Int? = nil) {
        self.bytes = bytes
        position = start
        self.end = end ?? bytes.count
    }

    // MARK: - Structure

    public mutating func skipSpace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The next byte that is no white space.
    public mutating func peek() throws(Failure) -> UInt8 {
        skipSpace()
        guard position < end else { throw .incomplete }
        return bytes[position]
    }

    public mutating func expect(_ byte: UInt8) throws(Failure) {
        let found = try peek()
        guard found == byte else {
            throw .malformed(position, "expected '\(Character(UnicodeScalar(byte)))'")
        }
        position += 1
    }

    mutating func accept(_ byte: UInt8) throws(Failure) -> Bool {
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    /// Walks an object; the closure must consume each value.
    public mutating func object<Wrong: Error>(
        _ visit: (String, inout JSONCursor) throws(Wrong) -> Void, wrap: (Failure) -> Wrong
    ) throws(Wrong) {
        do throws(Failure) { try expect(UInt8(ascii: "{")) } catch { throw wrap(error) }
        do throws(Failure) {
            if try accept(UInt8(ascii: "}")) { return }
        } catch { throw wrap(error) }
        while true {
            let key: String
            do throws(Failure) {
                key = try string()
                try expect(UInt8(ascii: ":"))
            } catch { throw wrap(error) }
            try visit(key, &self)
            do throws(Failure) {
                if try accept(UInt8(ascii: ",")) { continue }
                try expect(UInt8(ascii: "}"))
                return
            } catch { throw wrap(error) }
        }
    }

    /// Walks an object whose names are data, not keywords: their bytes as they are.
    mutating func members(
        _ visit: ([UInt8], inout JSONCursor) throws(Failure) -> Void
    ) throws(Failure) {
        try expect(UInt8(ascii: "{"))
        if try accept(UInt8(ascii: "}")) { return }
        while true {
            let name = try stringBytes()
            try expect(UInt8(ascii: ":"))
            try visit(name, &self)
            if try accept(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "}"))
            return
        }
    }

    /// As `object`, where the closure fails only as JSON does.
    public mutating func object(
        _ visit: (String, inout JSONCursor) throws(Failure) -> Void
    )
        throws(Failure)
    {
        try object(visit, wrap: { $0 })
    }

    /// Walks an array; the closure must consume each element.
    public mutating func array(
        _ visit: (inout JSONCursor) throws(Failure) -> Void
    )
        throws(Failure)
    {
        try expect(UInt8(ascii: "["))
        if try accept(UInt8(ascii: "]")) { return }
        while true {
            try visit(&self)
            if try accept(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "]"))
            return
        }
    }

    // MARK: - Values

    /// Passes over one value of any kind.
    public mutating func skip() throws(Failure) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw .malformed(position, "nested too deeply") }
        switch try peek() {
        case UInt8(ascii: "{"):
            try object { (_, cursor) throws(Failure) in try cursor.skip() }
        case UInt8(ascii: "["): try array { (cursor) throws(Failure) in try cursor.skip() }
        case UInt8(ascii: "\""): _ = try stringBytes()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        // No JSON, and yet written by some libraries.
        case UInt8(ascii: "N"): try word("NaN")
        case UInt8(ascii: "I"): try word("Infinity")
        default:
            if try acceptNegativeInfinity() { return }
            _ = try number()
        }
    }

    mutating func word(_ text: StaticString) throws(Failure) {
        for index in 0..<text.utf8CodeUnitCount {
            guard position < end else { throw .incomplete }
            guard bytes[position] == text.utf8Start[index] else {
                throw .malformed(position, "no JSON value")
            }
            position += 1
        }
    }

    /// The range of a number's text.
    public mutating func number() throws(Failure) -> Range<Int> {
        skipSpace()
        let start = position
        if position < end, bytes[position] == UInt8(ascii: "-") { position += 1 }
        let first = position
        try digits()
        if position > first + 1, bytes[first] == UInt8(ascii: "0") {
            throw .malformed(start, "a number with a leading zero")
        }
        if bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if bytes[position] == UInt8(ascii: "e") || bytes[position] == UInt8(ascii: "E") {
            position += 1
            guard position < end else { throw .incomplete }
            if bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
        return start..<position
    }

    /// At least one digit; something must follow, for no document of ours ends in a number.
    private mutating func digits() throws(Failure) {
        let start = position
        while position < end, bytes[position] &- 48 < 10 { position += 1 }
        guard position < end else { throw .incomplete }
        guard position > start else { throw .malformed(start, "no JSON value") }
    }

    /// The range of a string's inside, if it is written without escapes; else nil, and nothing is
    /// read.
    mutating func plainString() throws(Failure) -> Range<Int>? {
        guard try peek() == UInt8(ascii: "\"") else { return nil }
        var index = position + 1
        while index < end, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\") { return nil }
            index += 1
        }
        guard index < end, bytes[index] == UInt8(ascii: "\"") else { return nil }
        defer { position = index + 1 }
        return (position + 1)..<index
    }

    public mutating func string() throws(Failure) -> String {
        String(decoding: try stringBytes(), as: UTF8.self)
    }

    /// The value of a string, escapes undone; lone surrogates become U+FFFD.
    public mutating func stringBytes() throws(Failure) -> [UInt8] {
        try expect(UInt8(ascii: "\""))
        var out: [UInt8] = []
        while true {
            guard position < end else { throw .incomplete }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return out
            case UInt8(ascii: "\\"): try escape(into: &out)
            case 0..<0x20: throw .malformed(position - 1, "control character in a string")
            default: out.append(byte)
            }
        }
    }

    private mutating func escape(into out: inout [UInt8]) throws(Failure) {
        guard position < end else { throw .incomplete }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), let low = try lowSurrogate() {
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
            out.append(contentsOf: String(Character(scalar)).utf8)
        default: throw .malformed(position - 1, "unknown escape in a string")
        }
    }

    /// The second half of a pair, if that is what follows.
    private mutating func lowSurrogate() throws(Failure) -> UInt32? {
        let mark = position
        for byte in "\\u".utf8 {
            guard position < end else { throw .incomplete }
            guard bytes[position] == byte else {
                position = mark
                return nil
            }
            position += 1
        }
        let low = try hexadecimal()
        if (0xDC00..<0xE000).contains(low) { return low }
        position = mark
        return nil
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < end else { throw .incomplete }
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 97...102: digit = byte - 87
            case 65...70: digit = byte - 55
            default: throw .malformed(position, "no hexadecimal digit in an escape")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
