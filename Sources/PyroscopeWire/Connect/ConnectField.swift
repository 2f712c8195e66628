import PrometheusWire

/// One field of a message: its number, its names, and how both codecs read and write it.
///
/// A value of another wire type than the field has is passed over in protobuf, as an unknown field
/// is, and an error in JSON.
public struct ConnectField<Message: ConnectMessage>: Sendable {
    /// Of the field itself.
    typealias Place<Value> = any WritableKeyPath<Message, Value> & Sendable

    let number: UInt64
    /// In JSON.
    let name: String
    /// The name in the definition of the message, which JSON may use too.
    let definedName: String
    let isAbsent: @Sendable (Message) -> Bool
    let read: @Sendable (inout Message, ProtobufReader.Value, [UInt8]) throws(MessageError) -> Void
    /// Writes nothing for an absent field.
    let write: @Sendable (Message, inout [UInt8]) -> Void
    let readJSON: @Sendable (inout Message, inout JSONCursor) throws(MessageError) -> Void
    /// The value alone; not asked for an absent field.
    let writeJSON: @Sendable (Message, inout [UInt8]) -> Void

    func isNamed(_ key: String) -> Bool {
        key.utf8.elementsEqual(name.utf8) || key.utf8.elementsEqual(definedName.utf8)
    }

    /// `profile_typeID` is `profileTypeID` in JSON.
    private static func jsonName(of definedName: String) -> String {
        var out = ""
        var isAfterUnderscore = false
        for character in definedName {
            if character == "_" {
                isAfterUnderscore = true
            } else {
                out += isAfterUnderscore ? character.uppercased() : String(character)
                isAfterUnderscore = false
            }
        }
        return out
    }

    /// A field that is absent where it has its default, whatever its kind.
    private init<Value: ConnectScalar>(
        scalar number: UInt64, _ name: String, _ place: Place<Value>
    ) {
        self.number = number
        definedName = name
        self.name = Self.jsonName(of: name)
        isAbsent = { $0[keyPath: place].isDefault }
        read = { (message, value, bytes) throws(MessageError) in
            if let read = try Value(value, bytes) { message[keyPath: place] = read }
        }
        write = { message, out in
            let value = message[keyPath: place]
            if !value.isDefault { value.append(field: number, to: &out) }
        }
        readJSON = { (message, cursor) throws(MessageError) in
            message[keyPath: place] = try Value(&cursor)
        }
        writeJSON = { message, out in message[keyPath: place].append(json: &out) }
    }

    /// A field that knows whether it was set.
    private init<Value: ConnectScalar>(
        optional number: UInt64, _ name: String, _ place: Place<Value?>
    ) {
        self.number = number
        definedName = name
        self.name = Self.jsonName(of: name)
        isAbsent = { $0[keyPath: place] == nil }
        read = { (message, value, bytes) throws(MessageError) in
            if let read = try Value(value, bytes) { message[keyPath: place] = read }
        }
        write = { message, out in message[keyPath: place]?.append(field: number, to: &out) }
        readJSON = { (message, cursor) throws(MessageError) in
            message[keyPath: place] = try Value(&cursor)
        }
        writeJSON = { message, out in message[keyPath: place]?.append(json: &out) }
    }

    static func value<Value: ConnectScalar>(
        _ number: UInt64, _ name: String, _ place: Place<Value>
    ) -> Self { Self(scalar: number, name, place) }

    static func optional<Value: ConnectScalar>(
        _ number: UInt64, _ name: String, _ place: Place<Value?>
    ) -> Self { Self(optional: number, name, place) }

    /// A list; of numbers it is written packed, and read packed or not.
    static func list<Element: ConnectScalar>(
        _ number: UInt64, _ name: String, _ place: Place<[Element]>
    ) -> Self {
        Self(
            number: number, name: jsonName(of: name), definedName: name,
            isAbsent: { $0[keyPath: place].isEmpty },
            read: { (message, value, bytes) throws(MessageError) in
                try Element.read(into: &message[keyPath: place], value, bytes)
            },
            write: { message, out in
                Element.append(message[keyPath: place], field: number, to: &out)
            },
            readJSON: { (message, cursor) throws(MessageError) in
                message[keyPath: place] = try cursor.list { (cursor) throws(MessageError) in
                    try Element(&cursor)
                }
            },
            writeJSON: { message, out in
                append(json: &out, message[keyPath: place]) { $0.append(json: &$1) }
            })
    }

    /// A list of messages.
    static func messages<Inner: ConnectMessage>(
        _ number: UInt64, _ name: String, _ place: Place<[Inner]>
    ) -> Self {
        Self(
            number: number, name: jsonName(of: name), definedName: name,
            isAbsent: { $0[keyPath: place].isEmpty },
            read: { (message, value, bytes) throws(MessageError) in
                guard case .bytes(let range) = value else { return }
                var inner = Inner()
                try inner.read(protobuf: bytes, range)
                message[keyPath: place].append(inner)
            },
            write: { message, out in
                for inner in message[keyPath: place] {
                    WireWriter.append(number, bytes: inner.bytes(.protobuf), to: &out)
                }
            },
            readJSON: { (message, cursor) throws(MessageError) in
                message[keyPath: place] = try cursor.list { (cursor) throws(MessageError) in
                    var inner = Inner()
                    try inner.read(json: &cursor)
                    return inner
                }
            },
            writeJSON: { message, out in
                append(json: &out, message[keyPath: place]) { $0.append(json: &$1) }
            })
    }

    private static func append<Element>(
        json out: inout [UInt8], _ list: [Element], _ one: (Element, inout [UInt8]) -> Void
    ) {
        out.append(UInt8(ascii: "["))
        for (index, element) in list.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            one(element, &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    /// A message inside; one that occurs twice is merged, as protobuf has it.
    static func message<Inner: ConnectMessage>(
        _ number: UInt64, _ name: String, _ place: Place<Inner?>
    ) -> Self {
        Self(
            number: number, name: jsonName(of: name), definedName: name,
            isAbsent: { $0[keyPath: place] == nil },
            read: { (message, value, bytes) throws(MessageError) in
                guard case .bytes(let range) = value else { return }
                var inner = message[keyPath: place] ?? Inner()
                try inner.read(protobuf: bytes, range)
                message[keyPath: place] = inner
            },
            write: { message, out in
                guard let inner = message[keyPath: place] else { return }
                WireWriter.append(number, bytes: inner.bytes(.protobuf), to: &out)
            },
            readJSON: { (message, cursor) throws(MessageError) in
                var inner = Inner()
                try inner.read(json: &cursor)
                message[keyPath: place] = inner
            },
            writeJSON: { message, out in message[keyPath: place]?.append(json: &out) })
    }

    private init(
        number: UInt64, name: String, definedName: String,
        isAbsent: @escaping @Sendable (Message) -> Bool,
        read:
            @escaping @Sendable (inout Message, ProtobufReader.Value, [UInt8])
            throws(MessageError) -> Void,
        write: @escaping @Sendable (Message, inout [UInt8]) -> Void,
        readJSON:
            @escaping @Sendable (inout Message, inout JSONCursor) throws(MessageError) -> Void,
        writeJSON: @escaping @Sendable (Message, inout [UInt8]) -> Void
    ) {
        self.number = number
        self.name = name
        self.definedName = definedName
        self.isAbsent = isAbsent
        self.read = read
        self.write = write
        self.readJSON = readJSON
        self.writeJSON = writeJSON
    }
}
