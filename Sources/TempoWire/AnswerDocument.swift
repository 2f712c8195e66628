import GoText
import PrometheusWire

/// A member's body as JSON.
enum AnswerDocument {
    /// - Throws: for what is no object.
    static func read(_ bytes: [UInt8]) throws(TempoAnswerError) -> JSONValue {
        let document: JSONValue
        do throws(JSONCursor.Failure) {
            document = try JSONValue(parsing: bytes)
        } catch {
            switch error {
            case .incomplete: throw TempoAnswerError("the JSON ends too early")
            case .malformed(let offset, let reason):
                throw TempoAnswerError("no JSON at offset \(offset): \(reason)")
            case .tooMany(let what): throw TempoAnswerError("too many \(what)")
            case .offGrid: throw TempoAnswerError("a sample is off the grid")
            }
        }
        guard case .object = document else { throw TempoAnswerError("the JSON is no object") }
        return document
    }
}

extension JSONValue {
    /// A whole number, written as one or in quotes, as 64 bits are; zero where there is none.
    var unsigned: UInt64 {
        switch self {
        case .number(let digits), .string(let digits):
            UInt64(digits) ?? Double(digits).flatMap { UInt64(exactly: $0) } ?? 0
        default: 0
        }
    }

    /// A float, which may be written as `NaN` and `Infinity` in quotes; nil for anything else.
    var float: Double? {
        switch self {
        case .number(let digits), .string(let digits): GoFloat.parse(digits)
        default: nil
        }
    }

    /// An attribute whose value is a string.
    static func attribute(_ key: String, _ text: String) -> JSONValue {
        .object([
            ("key", .string(key)), ("value", .object([("stringValue", .string(text))])),
        ])
    }
}

/// Numbers that tell what an answer cost, which add up over members.
struct AnswerStatistics: Sendable, Equatable {
    private var numbers: [(name: String, value: UInt64, isText: Bool)] = []

    static func == (lhs: AnswerStatistics, rhs: AnswerStatistics) -> Bool { lhs.json == rhs.json }

    init() {}

    /// Reads the object `metrics` of an answer. What is no number is left out.
    init(_ document: JSONValue) {
        guard case .object(let pairs)? = document["metrics"] else { return }
        for (name, value) in pairs {
            switch value {
            case .number(let digits):
                if let number = UInt64(digits) { numbers.append((name, number, false)) }
            case .string(let digits):
                if let number = UInt64(digits) { numbers.append((name, number, true)) }
            default: break
            }
        }
    }

    mutating func add(_ other: AnswerStatistics) {
        for number in other.numbers {
            if let index = numbers.firstIndex(where: { $0.name == number.name }) {
                numbers[index].value &+= number.value
            } else {
                numbers.append(number)
            }
        }
    }

    var json: JSONValue {
        .object(
            numbers.map {
                ($0.name, $0.isText ? .string(String($0.value)) : .number(String($0.value)))
            })
    }
}
