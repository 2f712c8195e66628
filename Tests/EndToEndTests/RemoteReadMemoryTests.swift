import GoText
import RealServers
import Testing

@testable import PrometheusWire

extension EndToEnd {
    struct RemoteReadMemoryTests {
        /// A member that makes up streamed chunks, a kilobyte a series, while they are read.
        private static func generous() throws -> LoopbackServer {
            try LoopbackServer { request, socket in
                guard request.path.hasSuffix("/read") else {
                    let body = #"{"status":"success","data":{"yaml":""}}"#
                    try socket.write(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
                            + body)
                    return
                }
                let isLarge = String(decoding: request.body, as: UTF8.self).contains("large")
                try socket.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: \(RemoteReadChunks.contentType)\r\n"
                        + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
                for first in stride(from: 0, to: isLarge ? 20_000 : 2_000, by: 100) {
                    var frames: [UInt8] = []
                    for number in first..<first + 100 {
                        ChunkFrames.append(series(number), to: &frames)
                    }
                    try socket.write("\(String(frames.count, radix: 16))\r\n")
                    try socket.write(frames)
                    try socket.write("\r\n")
                }
                try socket.write("0\r\n\r\n")
            }
        }

        /// A `ChunkedReadResponse` with one series.
        private static func series(_ number: Int) -> [UInt8] {
            func message(_ fields: [(number: UInt64, bytes: [UInt8])]) -> [UInt8] {
                var out: [UInt8] = []
                for (number, bytes) in fields { WireWriter.append(number, bytes: bytes, to: &out) }
                return out
            }
            func label(_ name: String, _ value: String) -> [UInt8] {
                message([(1, Array(name.utf8)), (2, Array(value.utf8))])
            }
            var chunk: [UInt8] = []
            WireWriter.append(1, varint: 1, to: &chunk)
            WireWriter.append(2, varint: 2, to: &chunk)
            WireWriter.append(3, varint: 1, to: &chunk)
            // What is in a chunk is nobody's business on the way.
            WireWriter.append(
                4, bytes: [UInt8](repeating: UInt8(number & 255), count: 1000), to: &chunk)
            let labels = [
                label("__name__", "answer"),
                label("number", String(String(1_000_000 + number).dropFirst())),
            ]
            return message([(1, message(labels.map { (1, $0) } + [(2, chunk)]))])
        }

        @Test("Streamed chunks ten times as many cost about the same memory")
        func memory() async throws {
            let scene = try Scene.required()
            try await offPool {
                let comparison = MemoryComparison(name: "read", member: Self.generous)
                try comparison.run(in: scene.directory) { project, name in
                    let request = RemoteReadRequest(
                        queries: [
                            .init(start: 0, end: 1, matchers: [.init("__name__", .equal, name)])
                        ], accepted: [.streamedChunks])
                    var bytes = 0
                    let answer = try project.stream(
                        "POST", "/api/v1/read", headers: [("Content-Encoding", "snappy")],
                        body: request.body, timeout: 120
                    ) { bytes += $0.count }
                    #expect(answer.status == 200)
                    return bytes
                }
            }
        }
    }
}
