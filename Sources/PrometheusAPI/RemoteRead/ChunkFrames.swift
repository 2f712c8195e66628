/// The frames of a streamed answer: length as a varint, big-endian CRC-32C, message.
struct ChunkFrames {
    /// Bytes of one frame that are held; Prometheus cuts at one mebibyte, and reads fifty.
    static let maximumBytes = 64 << 20

    private var bytes: [UInt8] = []
    private var position = 0

    mutating func append(_ more: [UInt8]) {
        if position > 0, position == bytes.count || position >= 1 << 20 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes += more
    }

    /// The next message, nil when more bytes are needed for it.
    ///
    /// - Throws: when the bytes are no frame, as when an error's text follows in their place.
    mutating func next() throws(ScanError) -> [UInt8]? {
        var reader = WireReader(bytes, position..<bytes.count)
        let length: UInt64
        do throws(WireError) {
            length = try reader.varint()
        } catch {
            if case .truncated = error { return nil }
            throw error.inAnswer
        }
        guard length <= UInt64(Self.maximumBytes) else {
            throw .malformed("a frame says that it has \(length) bytes")
        }
        let start = reader.position + 4
        guard bytes.count - start >= Int(length) else { return nil }
        let said = bytes[reader.position..<start].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        let message = bytes[start..<(start + Int(length))]
        guard Castagnoli.checksum(message) == said else {
            throw .malformed("the checksum of a frame is wrong")
        }
        position = start + Int(length)
        return Array(message)
    }

    /// - Throws: when the bytes end inside a frame.
    func finish() throws(ScanError) {
        guard position == bytes.count else { throw .truncated }
    }

    static func append(_ message: [UInt8], to out: inout [UInt8]) {
        WireWriter.append(varint: UInt64(message.count), to: &out)
        let checksum = Castagnoli.checksum(message[...])
        for shift in [24, 16, 8, 0] {
            out.append(UInt8(truncatingIfNeeded: checksum >> UInt32(shift)))
        }
        out += message
    }
}
