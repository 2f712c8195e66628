import PrometheusWire
import RealServers
import TestSupport

/// An answer to remote read, taken apart here, apart from the code under test: each series as its
/// labels and the bytes of its samples or chunks.
struct RemoteReadAnswer: Equatable {
    struct Series: Equatable, Comparable {
        var labels: [String]
        /// Fields behind the labels, as they stand.
        var rest: [UInt8]

        static func < (a: Series, b: Series) -> Bool {
            a.labels.lexicographicallyPrecedes(b.labels)
        }
    }

    /// By query, in the order of the answer.
    var results: [[Series]]

    /// Asks a server.
    static func of(
        _ address: HTTPAddress, _ request: RemoteReadRequest, parameters: String = ""
    ) throws -> HTTPAnswer {
        try address.post(
            "/api/v1/read\(parameters)", body: request.body,
            headers: [
                ("Content-Encoding", "snappy"), ("Content-Type", "application/x-protobuf"),
                ("X-Prometheus-Remote-Read-Version", "0.1.0"),
            ])
    }

    init(_ answer: HTTPAnswer, queries: Int) throws {
        guard answer.status == 200 else {
            throw TestFailure("status \(answer.status): \(answer.text.prefix(300))")
        }
        if answer.header("content-type")?.hasPrefix("application/x-streamed-protobuf") == true {
            results = [[Series]](repeating: [], count: queries)
            try readFrames(answer.body)
        } else {
            results = []
            let message = try SnappyBlock.uncompress(answer.body, limit: 1 << 28)
            try Self.fields(message[...]) { number, result, _ in
                guard number == 1 else { return }
                var series: [Series] = []
                try Self.fields(result) { number, one, _ in
                    if number == 1 { series.append(try Self.series(one)) }
                }
                results.append(series)
            }
        }
    }

    private mutating func readFrames(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = try Self.number(&rest)
            guard rest.count >= 4 + length else { throw TestFailure("a frame is cut off") }
            // Real Prometheus, which reads these answers too, sees to the checksums.
            let message = rest.dropFirst(4).prefix(length)
            rest = rest.dropFirst(4 + length)
            var series: [Series] = []
            var query = 0
            try Self.fields(message) { number, bytes, value in
                if number == 1 { series.append(try Self.series(bytes)) }
                if number == 2 { query = value }
            }
            for one in series {
                if results[query].last?.labels == one.labels {
                    results[query][results[query].count - 1].rest += one.rest
                } else {
                    results[query].append(one)
                }
            }
        }
    }

    private static func series(_ message: ArraySlice<UInt8>) throws -> Series {
        var series = Series(labels: [], rest: [])
        try fields(message) { number, bytes, value in
            guard number == 1 else {
                series.rest += [UInt8(truncatingIfNeeded: number)] + bytes
                return
            }
            var parts: [String] = []
            try fields(bytes) { _, text, _ in parts.append(String(decoding: text, as: UTF8.self)) }
            series.labels.append(parts.joined(separator: "="))
        }
        return series
    }

    private static func fields(
        _ message: ArraySlice<UInt8>,
        _ each: (_ number: Int, _ bytes: ArraySlice<UInt8>, _ value: Int) throws -> Void
    ) throws {
        var rest = message
        while !rest.isEmpty {
            let tag = try number(&rest)
            switch tag & 7 {
            case 0: try each(tag >> 3, [], try number(&rest))
            case 2:
                let length = try number(&rest)
                guard rest.count >= length else { throw TestFailure("a field is cut off") }
                try each(tag >> 3, rest.prefix(length), 0)
                rest = rest.dropFirst(length)
            default: throw TestFailure("an odd wire type")
            }
        }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) throws -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int(truncatingIfNeeded: value) }
            shift += 7
        }
        throw TestFailure("a number is cut off")
    }
}
