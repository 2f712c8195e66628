import PrometheusWire

// The readers of both codecs, with errors of the message in place of their own.

extension ProtobufReader {
    /// The next field, nil behind the last.
    mutating func field() throws(MessageError) -> Field? {
        do throws(WireError) {
            return try next()
        } catch {
            throw MessageError(wire: error)
        }
    }

    /// The next number of a packed list.
    mutating func packedVarint() throws(MessageError) -> UInt64 {
        do throws(WireError) {
            return try varint()
        } catch {
            throw MessageError(wire: error)
        }
    }
}

extension JSONCursor {
    /// The next byte that is no white space; it is not taken.
    mutating func following() throws(MessageError) -> UInt8 {
        do throws(Failure) {
            return try peek()
        } catch {
            throw MessageError(json: error)
        }
    }

    /// Passes over one value of any kind.
    mutating func pass() throws(MessageError) {
        do throws(Failure) {
            try skip()
        } catch {
            throw MessageError(json: error)
        }
    }

    mutating func take(_ byte: UInt8) throws(MessageError) {
        do throws(Failure) {
            try expect(byte)
        } catch {
            throw MessageError(json: error)
        }
    }

    mutating func text() throws(MessageError) -> String {
        do throws(Failure) {
            return try string()
        } catch {
            throw MessageError(json: error)
        }
    }

    /// The text of a number, which may stand in quotes.
    mutating func numberText() throws(MessageError) -> String {
        if try following() == UInt8(ascii: "\"") { return try text() }
        do throws(Failure) {
            return String(decoding: bytes[try number()], as: UTF8.self)
        } catch {
            throw MessageError(json: error)
        }
    }

    mutating func truth() throws(MessageError) -> Bool {
        let first = try following()
        guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else {
            throw MessageError("invalid JSON: expected true or false at byte \(position)")
        }
        try pass()
        return first == UInt8(ascii: "t")
    }

    mutating func list<Element>(
        _ one: (inout JSONCursor) throws(MessageError) -> Element
    ) throws(MessageError) -> [Element] {
        try take(UInt8(ascii: "["))
        var elements: [Element] = []
        guard try following() != UInt8(ascii: "]") else {
            try take(UInt8(ascii: "]"))
            return elements
        }
        while true {
            elements.append(try one(&self))
            guard try following() == UInt8(ascii: ",") else { break }
            try take(UInt8(ascii: ","))
        }
        try take(UInt8(ascii: "]"))
        return elements
    }
}
