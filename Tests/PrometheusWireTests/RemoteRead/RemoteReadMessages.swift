import Testing

@testable import PrometheusWire

/// Messages of remote read, put together byte by byte as the protocol says.
enum RemoteReadMessages {
    static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
        varint(number << 3) + varint(value)
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    static func label(_ name: String, _ value: String) -> [UInt8] {
        field(1, field(1, Array(name.utf8)) + field(2, Array(value.utf8)))
    }

    /// A `TimeSeries` or `ChunkedSeries`: labels, and bytes that stand for the rest.
    static func series(_ labels: [(String, String)], _ rest: [UInt8]) -> [UInt8] {
        labels.flatMap { label($0.0, $0.1) } + field(2, rest)
    }

    static func frame(_ message: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        ChunkFrames.append(message, to: &out)
        return out
    }

    /// A frame of one series.
    static func frame(
        _ labels: [(String, String)], _ chunk: [UInt8], query: UInt64 = 0
    ) -> [UInt8] {
        frame(field(1, series(labels, chunk)) + (query == 0 ? [] : field(2, query)))
    }

    /// What a series says, for people: its labels, and the bytes behind them.
    static func text(ofSeries message: [UInt8]) throws -> String {
        var labels: [String] = []
        var rest: [UInt8] = []
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            guard field.number == 1, case .bytes(let range) = field.value else {
                rest += message[field.extent]
                continue
            }
            var parts: [String] = []
            var label = ProtobufReader(message, range)
            while let part = try label.next() {
                guard case .bytes(let range) = part.value else { continue }
                parts.append(String(decoding: message[range], as: UTF8.self))
            }
            labels.append(parts.joined(separator: "="))
        }
        return "{\(labels.joined(separator: ","))} \(rest)"
    }

    /// What the frames of a body say, one text each, with the number of the query.
    static func texts(ofFrames bytes: [UInt8]) throws -> [String] {
        var frames = ChunkFrames()
        frames.append(bytes)
        var texts: [String] = []
        while let message = try frames.next() {
            var query: UInt64 = 0
            var series: [String] = []
            var reader = ProtobufReader(message)
            while let field = try reader.next() {
                switch field.value {
                case .varint(let number): query = number
                case .bytes(let range): series.append(try text(ofSeries: Array(message[range])))
                case .fixed: Issue.record("a field that nobody writes")
                }
            }
            texts.append("\(query): \(series.joined(separator: " "))")
        }
        try frames.finish()
        return texts
    }
}
