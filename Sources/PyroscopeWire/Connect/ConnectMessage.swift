import PrometheusWire

/// A message of protobuf, which both codecs write and read by one table of its fields.
///
/// Fields that the table does not have are passed over in both codecs, so that messages of a newer
/// server are understood as far as they are known.
public protocol ConnectMessage: Sendable, Equatable {
    /// Every field as it is when it is absent.
    init()

    /// In the order of their numbers.
    static var fields: [ConnectField<Self>] { get }
}

/// Why bytes are no such message.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// As the answer to a client that sent such bytes.
    public var inRequest: ConnectError {
        ConnectError(.invalidArgument, "unmarshal message: \(description)")
    }
}

extension ConnectMessage {
    /// Reads a whole body.
    public init(_ bytes: [UInt8], codec: ConnectCodec) throws(MessageError) {
        self.init()
        switch codec {
        case .protobuf: try read(protobuf: bytes, bytes.indices)
        case .json:
            var cursor = JSONCursor(bytes)
            try read(json: &cursor)
            guard bytes[cursor.position...].allSatisfy(Self.isSpace) else {
                throw MessageError("invalid JSON: something follows the message")
            }
        }
    }

    /// The body of a request or an answer.
    public func bytes(_ codec: ConnectCodec) -> [UInt8] {
        var out: [UInt8] = []
        switch codec {
        case .protobuf: append(protobuf: &out)
        case .json: append(json: &out)
        }
        return out
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    // MARK: - Protobuf

    mutating func read(protobuf bytes: [UInt8], _ range: Range<Int>) throws(MessageError) {
        var reader = ProtobufReader(bytes, range)
        let fields = Self.fields
        while let field = try reader.field() {
            guard let known = fields.first(where: { $0.number == field.number }) else { continue }
            try known.read(&self, field.value, bytes)
        }
    }

    func append(protobuf out: inout [UInt8]) {
        for field in Self.fields { field.write(self, &out) }
    }

    // MARK: - JSON

    mutating func read(json cursor: inout JSONCursor) throws(MessageError) {
        let fields = Self.fields
        try cursor.object(
            { (key, cursor) throws(MessageError) in
                // A null is an absent field.
                guard let known = fields.first(where: { $0.isNamed(key) }),
                    try cursor.following() != UInt8(ascii: "n")
                else { return try cursor.pass() }
                try known.readJSON(&self, &cursor)
            }, wrap: { MessageError(json: $0) })
    }

    func append(json out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for field in Self.fields where !field.isAbsent(self) {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONText.append(field.name, to: &out)
            out.append(UInt8(ascii: ":"))
            field.writeJSON(self, &out)
        }
        out.append(UInt8(ascii: "}"))
    }
}

extension MessageError {
    init(wire error: WireError) {
        switch error {
        case .truncated: self.init("invalid protobuf: it ends inside a field")
        case .malformed(let reason): self.init("invalid protobuf: \(reason)")
        }
    }

    init(json failure: JSONCursor.Failure) {
        switch failure {
        case .incomplete: self.init("invalid JSON: it ends inside a value")
        case .malformed(let place, let reason):
            self.init("invalid JSON: \(reason) at byte \(place)")
        case .tooMany(let what): self.init("invalid JSON: too many \(what)")
        case .offGrid(let time): self.init("invalid JSON: a sample at \(time)")
        }
    }
}
