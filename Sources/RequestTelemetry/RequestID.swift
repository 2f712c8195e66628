/// By which one request is found again: in the answer, in the log, and in the requests to members that
/// were made for it.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    public static let header = "X-Request-Id"
    /// In characters.
    public static let longest = 128

    public let text: String

    /// A new one: 128 random bits as 32 hexadecimal digits.
    public init() { text = Hexadecimal.text(.random(in: 0 ... .max), .random(in: 0 ... .max)) }

    /// One that a client sent; nil unless it is 1 to `longest` characters of `[A-Za-z0-9._:-]`.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= Self.longest, bytes.allSatisfy(Self.isAllowed) else {
            return nil
        }
        self.text = text
    }

    /// The one that a client sent in header fields, where it is one alone and right; else a new one.
    public init(ofFields values: [String]) {
        if values.count == 1, let sent = RequestID(values[0]) {
            self = sent
        } else {
            self.init()
        }
    }

    public var description: String { text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Numbers as hexadecimal digits, in lower case and with leading zeros.
enum Hexadecimal {
    static func text(_ numbers: UInt64...) -> String {
        numbers.map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// nil unless it is so many digits in lower case.
    static func number(_ text: Substring.UTF8View, digits: Int) -> UInt64? {
        guard text.count == digits else { return nil }
        var number: UInt64 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
