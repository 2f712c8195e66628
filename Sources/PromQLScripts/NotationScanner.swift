/// Reads one line byte by byte.
struct NotationScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position >= bytes.count }
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }
    var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    mutating func skip(_ text: StaticString) -> Bool {
        guard starts(with: text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    mutating func expect(_ text: StaticString) throws(NotationError) {
        guard skip(text) else { throw NotationError("expected \"\(text)\" before \"\(rest)\"") }
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    mutating func word(while belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = next, belongs(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func identifier(colons: Bool = false) -> String {
        guard let first = next, !Self.isDigit(first) else { return "" }
        return word { byte in
            Self.isLetter(byte) || Self.isDigit(byte) || (colons && byte == UInt8(ascii: ":"))
        }
    }

    /// A sign, then digits with fraction and exponent, `Inf` or `NaN`. `x` never belongs to it:
    /// `0x10` is a zero and ten repetitions.
    mutating func number() throws(NotationError) -> Double {
        let start = position
        var negative = false
        if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            negative = sign == UInt8(ascii: "-")
            position += 1
        }
        if let byte = next, Self.isLetter(byte) {
            let letters = word { Self.isLetter($0) && $0 != UInt8(ascii: "x") }
            switch letters.lowercased() {
            case "inf": return negative ? -.infinity : .infinity
            case "nan": return Double(bitPattern: 0x7ff8_0000_0000_0001)
            default: throw NotationError("\"\(letters)\" is no number")
            }
        }
        _ = word { Self.isDigit($0) || $0 == UInt8(ascii: ".") }
        if let e = next, e == UInt8(ascii: "e") || e == UInt8(ascii: "E") {
            position += 1
            if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                position += 1
            }
            _ = word(while: Self.isDigit)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // A number may end in its point (`5.`), which Swift does not read.
        let padded = text.hasSuffix(".") ? text + "0" : text
        guard let value = Double(padded) else {
            throw NotationError("\"\(text + rest)\" does not begin with a number")
        }
        return value
    }

    /// Repetitions are limited: a script names them, and each takes memory.
    mutating func repetitions() throws(NotationError) -> Int {
        let digits = word(while: Self.isDigit)
        guard let count = Int(digits), count <= 10_000_000 else {
            throw NotationError("invalid repeat count \"\(digits)\"")
        }
        return count
    }

    /// A string in any of Go's three quotes, beginning here.
    mutating func quotedString() throws(NotationError) -> String {
        let (value, end) = try GoQuotedString.read(bytes, from: position)
        position = end
        return value
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Strings in double or single quotes (with Go's escapes) or in backquotes (without any).
enum GoQuotedString {
    /// The value of the string that begins at `start`, and where it ends.
    static func read(_ bytes: [UInt8], from start: Int) throws(NotationError) -> (String, Int) {
        guard start < bytes.count, [0x22, 0x27, 0x60].contains(bytes[start]) else {
            throw NotationError("expected a quoted string")
        }
        let quote = bytes[start]
        var value: [UInt8] = []
        var i = start + 1
        while i < bytes.count, bytes[i] != quote {
            if bytes[i] == UInt8(ascii: "\\"), quote != 0x60 {
                i = try readEscape(bytes, at: i + 1, into: &value)
            } else {
                value.append(bytes[i])
                i += 1
            }
        }
        guard i < bytes.count else { throw NotationError("unterminated quoted string") }
        return (String(decoding: value, as: UTF8.self), i + 1)
    }

    private static func readEscape(
        _ bytes: [UInt8], at i: Int, into value: inout [UInt8]
    ) throws(NotationError) -> Int {
        guard i < bytes.count else { throw NotationError("unterminated escape sequence") }
        func code(_ from: Int, _ length: Int, radix: Int) throws(NotationError) -> UInt32 {
            guard from + length <= bytes.count,
                let code = UInt32(
                    String(decoding: bytes[from..<(from + length)], as: UTF8.self), radix: radix)
            else { throw NotationError("invalid escape sequence") }
            return code
        }
        switch bytes[i] {
        case UInt8(ascii: "a"): value.append(7)
        case UInt8(ascii: "b"): value.append(8)
        case UInt8(ascii: "f"): value.append(12)
        case UInt8(ascii: "n"): value.append(10)
        case UInt8(ascii: "r"): value.append(13)
        case UInt8(ascii: "t"): value.append(9)
        case UInt8(ascii: "v"): value.append(11)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): value.append(bytes[i])
        case UInt8(ascii: "x"):
            value.append(UInt8(truncatingIfNeeded: try code(i + 1, 2, radix: 16)))
            return i + 3
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let length = bytes[i] == UInt8(ascii: "u") ? 4 : 8
            guard let scalar = Unicode.Scalar(try code(i + 1, length, radix: 16)) else {
                throw NotationError("escape sequence is no Unicode code point")
            }
            value.append(contentsOf: Array(String(scalar).utf8))
            return i + 1 + length
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            value.append(UInt8(truncatingIfNeeded: try code(i, 3, radix: 8)))
            return i + 3
        default: throw NotationError("unknown escape sequence")
        }
        return i + 1
    }
}

/// `1h30m`, `5m`, `0`: lengths of time in commands.
enum DurationNotation {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Milliseconds.
    static func milliseconds(_ text: some StringProtocol) throws(NotationError) -> Int64 {
        if text == "0" { return 0 }
        var scanner = NotationScanner(text)
        var total: Int64 = 0
        var previous = -1
        while !scanner.isAtEnd {
            let digits = scanner.word(while: NotationScanner.isDigit)
            let unit = scanner.word(while: NotationScanner.isLetter)
            guard let amount = Int64(digits),
                let place = units.firstIndex(where: { $0.name == unit }), place > previous
            else { throw NotationError("not a valid duration string: \"\(text)\"") }
            previous = place
            let (length, overflow) = amount.multipliedReportingOverflow(
                by: units[place].milliseconds)
            let (sum, overflowInSum) = total.addingReportingOverflow(length)
            guard !overflow, !overflowInSum else { throw NotationError("duration out of range") }
            total = sum
        }
        guard previous >= 0 else { throw NotationError("empty duration string") }
        return total
    }
}
