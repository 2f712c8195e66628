/// The records in a DNS message, read within its bounds.
struct NameAnswer: Equatable {
    /// Where a server is: the text of an address, or a name, and the port of an SRV record.
    struct Record: Equatable, Hashable {
        var host: String
        var port: Int?
    }

    enum RecordType: Int {
        case a = 1
        case aaaa = 28
        case srv = 33
    }

    /// The message is not one.
    struct Malformed: Error, Equatable {}

    /// How many records of one answer are read.
    static let most = 1000

    /// Those of the type, in the order of the message; others, as CNAME, are passed over.
    let records: [Record]

    init(_ message: [UInt8], type: RecordType) throws(Malformed) {
        var reader = Reader(bytes: message)
        guard message.count >= 12 else { throw Malformed() }
        reader.position = 4
        let questions = try reader.number()
        let answers = try reader.number()
        reader.position = 12
        for _ in 0..<questions {
            _ = try reader.name()
            reader.position += 4
        }
        var records: [Record] = []
        for _ in 0..<min(answers, Self.most) {
            _ = try reader.name()
            let found = try reader.number()
            // Class and time to live.
            reader.position += 6
            let length = try reader.number()
            let end = reader.position + length
            guard end <= message.count else { throw Malformed() }
            if found == type.rawValue {
                records.append(try Self.record(type, &reader, length))
            }
            reader.position = end
        }
        self.records = records
    }

    private static func record(
        _ type: RecordType, _ reader: inout Reader, _ length: Int
    ) throws(Malformed) -> Record {
        switch type {
        case .a:
            guard length == 4 else { throw Malformed() }
            let bytes = try reader.take(4)
            return Record(host: bytes.map { String($0) }.joined(separator: "."))
        case .aaaa:
            guard length == 16 else { throw Malformed() }
            var groups: [String] = []
            for _ in 0..<8 { groups.append(String(try reader.number(), radix: 16)) }
            return Record(host: "[\(groups.joined(separator: ":"))]")
        case .srv:
            // Priority and weight.
            reader.position += 4
            let port = try reader.number()
            return Record(host: try reader.name(), port: port)
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
            guard position >= 0, count <= bytes.count - position else { throw Malformed() }
            defer { position += count }
            return bytes[position..<(position + count)]
        }

        mutating func byte() throws(Malformed) -> Int {
            guard let byte = try take(1).first else { throw Malformed() }
            return Int(byte)
        }

        mutating func number() throws(Malformed) -> Int { try byte() << 8 | byte() }

        /// A name without the dot at its end. Parts that stand elsewhere are followed, each time
        /// farther towards the beginning, so that this ends.
        mutating func name() throws(Malformed) -> String {
            var parts: [String] = []
            var length = 0
            var end: Int?
            var limit = position
            while true {
                let first = try byte()
                switch first >> 6 {
                case 0 where first == 0:
                    if let end { position = end }
                    return parts.joined(separator: ".")
                case 0:
                    length += first + 1
                    guard length <= 255 else { throw Malformed() }
                    parts.append(String(decoding: try take(first), as: UTF8.self))
                case 3:
                    let target = (first & 0x3F) << 8 | (try byte())
                    guard target < limit else { throw Malformed() }
                    if end == nil { end = position }
                    limit = target
                    position = target
                default: throw Malformed()
                }
            }
        }
    }
}
