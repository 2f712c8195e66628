import GoText

/// A request of the Connect protocol, read by names, in either codec.
struct ConnectRequest {
    struct Malformed: Error {}

    /// The fields of a method by their number and their name in JSON.
    typealias Schema = [Int: String]

    private var texts: [String: [String]] = [:]
    private var numbers: [String: Int64] = [:]
    private var doubles: [String: Double] = [:]

    /// Reads protobuf.
    init(protobuf: [UInt8], _ schema: Schema) throws(Malformed) {
        guard let fields = ProtobufField.fields(of: protobuf) else { throw Malformed() }
        for field in fields {
            guard let name = schema[field.number] else { continue }
            switch field.value {
            case .bytes: texts[name, default: []].append(field.text)
            case .number(let number):
                numbers[name] = Int64(bitPattern: number)
                doubles[name] = Double(bitPattern: number)
            }
        }
    }

    /// Reads the JSON of protobuf: names as they are or with capitals, large numbers as texts.
    init(json: [UInt8], _ schema: Schema) throws(Malformed) {
        guard case .object(let members) = JSONNode(json) else { throw Malformed() }
        let known = Set(schema.values)
        for member in members {
            let name = Self.withCapitals(member.name)
            guard known.contains(name) else { throw Malformed() }
            switch member.value {
            case .string(let text):
                texts[name] = [text]
                numbers[name] = Int64(text)
            case .number(let text):
                numbers[name] = Int64(text)
                doubles[name] = Double(text)
            case .array(let elements): texts[name] = elements.compactMap(\.text)
            case .null: break
            case .bool, .object: throw Malformed()
            }
        }
    }

    private static func withCapitals(_ name: String) -> String {
        let parts = name.split(separator: "_")
        return (parts.first.map(String.init) ?? "")
            + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    func list(_ name: String) -> [String] { texts[name] ?? [] }
    func text(_ name: String) -> String { texts[name]?.last ?? "" }
    func number(_ name: String) -> Int64? { numbers[name] }
    func double(_ name: String) -> Double { doubles[name] ?? 0 }
}

/// A message of an answer, which both codecs write.
struct ConnectMessage {
    enum Value {
        case text(String)
        case number(Int64)
        case double(Double)
        case bool(Bool)
        case message(ConnectMessage)
        case texts([String])
        case numbers([Int64])
        case messages([ConnectMessage])
    }

    /// The number, the name in JSON, and the value of each field.
    var fields: [(number: Int, name: String, value: Value)]

    init(_ fields: [(number: Int, name: String, value: Value)]) { self.fields = fields }

    var protobuf: [UInt8] {
        var out = ProtobufWriter()
        append(to: &out)
        return out.bytes
    }

    private func append(to out: inout ProtobufWriter) {
        for (number, _, value) in fields {
            switch value {
            case .text(let text): out.text(number, text)
            case .number(let value): out.number(number, UInt64(bitPattern: value))
            case .double(let value): out.double(number, value)
            case .bool(let value): out.number(number, value ? 1 : 0)
            case .message(let message): out.message(number) { message.append(to: &$0) }
            case .texts(let texts):
                for text in texts { out.message(number) { $0.raw(Array(text.utf8)) } }
            case .numbers(let numbers): out.packed(number, numbers)
            case .messages(let messages):
                for message in messages { out.message(number) { message.append(to: &$0) } }
            }
        }
    }

    /// Fields that are empty or zero are left out, and 64-bit numbers are texts.
    var json: JSONNode {
        .object(
            fields.compactMap { _, name, value -> JSONNode.Member? in
                let node: JSONNode
                switch value {
                case .text(let text):
                    if text.isEmpty { return nil }
                    node = .string(text)
                case .number(let number):
                    if number == 0 { return nil }
                    node = .string(String(number))
                case .double(let number):
                    if number == 0 { return nil }
                    node = .number(GoFloat.text(number))
                case .bool(let value):
                    if !value { return nil }
                    node = .bool(true)
                case .message(let message): node = message.json
                case .texts(let texts):
                    if texts.isEmpty { return nil }
                    node = .array(texts.map(JSONNode.string))
                case .numbers(let numbers):
                    if numbers.isEmpty { return nil }
                    node = .array(numbers.map { .string(String($0)) })
                case .messages(let messages):
                    if messages.isEmpty { return nil }
                    node = .array(messages.map(\.json))
                }
                return .init(name, node)
            })
    }
}
