/// The words of the language that are not plain names, in lower case.
enum Vocabulary {
    static func kind(of word: String) -> Token.Kind? { kinds[word.lowercased()] }

    private static let kinds: [String: Token.Kind] = {
        var kinds: [String: Token.Kind] = ["inf": .number, "nan": .number]
        for op in [Binary.Operator.and, .or, .unless, .atan2] { kinds[op.rawValue] = .binary(op) }
        for op in Aggregation.Operator.allCases { kinds[op.rawValue] = .aggregator(op) }
        for word in Token.Keyword.allCases { kinds[word.rawValue] = .keyword(word) }
        for word in Token.QueryWord.allCases { kinds[word.rawValue] = .queryWord(word) }
        return kinds
    }()

    /// Whether a metric name can be written without quotes where an operand is due.
    static func isBareMetricName(_ name: String) -> Bool {
        guard isIdentifier(name, allowsColon: true) else { return false }
        switch kind(of: name) {
        case nil: return true
        case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight): return true
        case .number: return false
        case let kind?: return Token(kind: kind, range: .none).canBeMetricName
        }
    }

    /// Whether a label name can be written without quotes in a list of labels.
    static func isBareLabelName(_ name: String) -> Bool {
        isIdentifier(name, allowsColon: false)
            && kind(of: name) != .number && kind(of: name) != .keyword(.without)
    }

    /// Whether a text is a name of the kind Prometheus 2.x knows.
    static func isIdentifier(_ text: String, allowsColon: Bool) -> Bool {
        var isFirst = true
        for byte in text.utf8 {
            let isAllowed =
                byte.isIdentifierStart || (allowsColon && byte == UInt8(ascii: ":"))
                || (!isFirst && byte.isDigit)
            guard isAllowed else { return false }
            isFirst = false
        }
        return !isFirst
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    var isIdentifierStart: Bool {
        let lower = self | 0x20
        return self == UInt8(ascii: "_")
            || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
    }

    var isIdentifierPart: Bool { isIdentifierStart || isDigit }

    var isSpace: Bool {
        switch self {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        default: false
        }
    }

    /// The value of a hexadecimal digit.
    var hexValue: UInt32? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
