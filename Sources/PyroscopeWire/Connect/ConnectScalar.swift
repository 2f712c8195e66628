import GoText
import PrometheusWire

/// What a field of a message may hold one of: texts and numbers.
protocol ConnectScalar: Sendable {
    /// nil for a value of another wire type.
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError)
    /// Writes a field of protobuf, the default too.
    func append(field number: UInt64, to out: inout [UInt8])
    /// Reads one value of JSON.
    init(_ cursor: inout JSONCursor) throws(MessageError)
    /// Writes the value as JSON has it.
    func append(json out: inout [UInt8])
    /// Whether it is the value of an absent field.
    var isDefault: Bool { get }

    /// Adds what one occurrence of a field of protobuf holds, which is several where it is packed.
    static func read(
        into list: inout [Self], _ value: ProtobufReader.Value, _ bytes: [UInt8]
    ) throws(MessageError)
    /// Writes a list as fields of protobuf; nothing for an empty one.
    static func append(_ list: [Self], field number: UInt64, to out: inout [UInt8])
}

extension ConnectScalar {
    static func read(
        into list: inout [Self], _ value: ProtobufReader.Value, _ bytes: [UInt8]
    ) throws(MessageError) {
        if let element = try Self(value, bytes) { list.append(element) }
    }

    static func append(_ list: [Self], field number: UInt64, to out: inout [UInt8]) {
        for element in list { element.append(field: number, to: &out) }
    }
}

// MARK: - Texts

extension String: ConnectScalar {
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError) {
        guard case .bytes(let range) = value else { return nil }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw MessageError("invalid protobuf: a text that is no UTF-8")
        }
        self = text
    }

    func append(field number: UInt64, to out: inout [UInt8]) {
        WireWriter.append(number, bytes: utf8, to: &out)
    }

    var isDefault: Bool { isEmpty }

    init(_ cursor: inout JSONCursor) throws(MessageError) { self = try cursor.text() }

    func append(json out: inout [UInt8]) { JSONText.append(self, to: &out) }
}

// MARK: - Numbers

extension Int64: ConnectScalar {
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError) {
        guard case .varint(let bits) = value else { return nil }
        self.init(bitPattern: bits)
    }

    func append(field number: UInt64, to out: inout [UInt8]) {
        WireWriter.append(varint: number << 3, to: &out)
        WireWriter.append(varint: UInt64(bitPattern: self), to: &out)
    }

    var isDefault: Bool { self == 0 }

    /// A number, or a text of one, which is how 64 bits are written.
    init(_ cursor: inout JSONCursor) throws(MessageError) {
        let text = try cursor.numberText()
        // `1e3` and `1.0` are whole numbers too.
        guard let value = Int64(text) ?? Double(text).flatMap({ Int64(exactly: $0) }) else {
            throw MessageError("invalid JSON: \(GoQuoting.quote(text)) is no number of 64 bits")
        }
        self = value
    }

    func append(json out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        GoFloat.appendInteger(self, to: &out)
        out.append(UInt8(ascii: "\""))
    }

    static func read(
        into list: inout [Int64], _ value: ProtobufReader.Value, _ bytes: [UInt8]
    ) throws(MessageError) {
        switch value {
        case .varint(let bits): list.append(Int64(bitPattern: bits))
        case .bytes(let range):
            var reader = ProtobufReader(bytes, range)
            while reader.position < range.upperBound {
                list.append(Int64(bitPattern: try reader.packedVarint()))
            }
        case .fixed: return
        }
    }

    static func append(_ list: [Int64], field number: UInt64, to out: inout [UInt8]) {
        guard !list.isEmpty else { return }
        let count = list.reduce(0) { $0 + WireWriter.count(ofVarint: UInt64(bitPattern: $1)) }
        WireWriter.append(number, head: count, to: &out)
        for value in list { WireWriter.append(varint: UInt64(bitPattern: value), to: &out) }
    }
}

extension UInt32: ConnectScalar {
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError) {
        guard case .varint(let bits) = value else { return nil }
        self.init(truncatingIfNeeded: bits)
    }

    func append(field number: UInt64, to out: inout [UInt8]) {
        WireWriter.append(varint: number << 3, to: &out)
        WireWriter.append(varint: UInt64(self), to: &out)
    }

    var isDefault: Bool { self == 0 }

    init(_ cursor: inout JSONCursor) throws(MessageError) {
        let value = try Int64(&cursor)
        guard let value = UInt32(exactly: value) else {
            throw MessageError("invalid JSON: \(value) is no number of 32 bits")
        }
        self = value
    }

    func append(json out: inout [UInt8]) { GoFloat.appendInteger(Int64(self), to: &out) }
}

extension Double: ConnectScalar {
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError) {
        guard case .fixed(let range) = value, range.count == 8 else { return nil }
        var bits: UInt64 = 0
        for byte in bytes[range].reversed() { bits = bits << 8 | UInt64(byte) }
        self.init(bitPattern: bits)
    }

    func append(field number: UInt64, to out: inout [UInt8]) {
        WireWriter.append(varint: number << 3 | 1, to: &out)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            out.append(UInt8(truncatingIfNeeded: bitPattern >> shift))
        }
    }

    /// The negative zero is no default.
    var isDefault: Bool { bitPattern == 0 }

    /// A number, a text of one, or `NaN`, `Infinity` and `-Infinity` as texts.
    init(_ cursor: inout JSONCursor) throws(MessageError) {
        let text = try cursor.numberText()
        switch text {
        case "NaN": self = .nan
        case "Infinity": self = .infinity
        case "-Infinity": self = -.infinity
        default:
            guard let value = GoFloat.parse(text), value.isFinite else {
                throw MessageError("invalid JSON: \(GoQuoting.quote(text)) is no number")
            }
            self = value
        }
    }

    func append(json out: inout [UInt8]) {
        if isNaN {
            out.append(contentsOf: "\"NaN\"".utf8)
        } else if isInfinite {
            out.append(contentsOf: (self < 0 ? "\"-Infinity\"" : "\"Infinity\"").utf8)
        } else {
            GoFloat.appendJSON(self, to: &out)
        }
    }
}

extension Bool: ConnectScalar {
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError) {
        guard case .varint(let bits) = value else { return nil }
        self = bits != 0
    }

    func append(field number: UInt64, to out: inout [UInt8]) {
        WireWriter.append(number, varint: self ? 1 : 0, to: &out)
    }

    var isDefault: Bool { !self }

    init(_ cursor: inout JSONCursor) throws(MessageError) { self = try cursor.truth() }

    func append(json out: inout [UInt8]) {
        out.append(contentsOf: (self ? "true" : "false").utf8)
    }
}

// MARK: - Enumerations

/// A number that has names, and may be one that has none here: a newer server knows more of them.
protocol ConnectEnumeration: ConnectScalar, RawRepresentable<Int32> {
    /// In the order of their numbers; the first is the default, 0.
    static var names: [(name: String, value: Self)] { get }
    /// What a name means that is not among them.
    static var unknownName: Self { get }
    init(rawValue: Int32)
}

extension ConnectEnumeration {
    init?(_ value: ProtobufReader.Value, _ bytes: [UInt8]) throws(MessageError) {
        guard case .varint(let bits) = value else { return nil }
        self.init(rawValue: Int32(truncatingIfNeeded: bits))
    }

    func append(field number: UInt64, to out: inout [UInt8]) {
        WireWriter.append(varint: number << 3, to: &out)
        WireWriter.append(varint: UInt64(bitPattern: Int64(rawValue)), to: &out)
    }

    var isDefault: Bool { rawValue == 0 }

    /// A name, or the number.
    init(_ cursor: inout JSONCursor) throws(MessageError) {
        guard try cursor.following() == UInt8(ascii: "\"") else {
            let text = try cursor.numberText()
            guard let value = Int32(text) else {
                throw MessageError("invalid JSON: \(text) is no value of an enumeration")
            }
            self.init(rawValue: value)
            return
        }
        let name = try cursor.text()
        self = Self.names.first { $0.name.utf8.elementsEqual(name.utf8) }?.value ?? Self.unknownName
    }

    func append(json out: inout [UInt8]) {
        if let name = Self.names.first(where: { $0.value.rawValue == rawValue })?.name {
            JSONText.append(name, to: &out)
        } else {
            GoFloat.appendInteger(Int64(rawValue), to: &out)
        }
    }
}
