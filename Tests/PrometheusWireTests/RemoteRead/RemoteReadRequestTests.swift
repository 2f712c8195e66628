import GoText
import PrometheusWire
import TestSupport
import Testing

@Suite struct RemoteReadRequestTests {
    private typealias Message = RemoteReadMessages

    private static func read(_ message: [UInt8]) throws -> RemoteReadRequest {
        try RemoteReadRequest(body: SnappyBlock.compress(message))
    }

    @Test("A request is read as the protocol lays it out")
    func layout() throws {
        let matcher = Message.field(1, 2) + Message.field(2, Array("job".utf8))
        let hints =
            Message.field(1, 15_000) + Message.field(2, Array("rate".utf8))
            + Message.field(5, Array("project".utf8)) + Message.field(6, 1)
            + Message.field(7, 300_000)
        let query =
            Message.field(1, UInt64(bitPattern: -5)) + Message.field(2, 1_700_000_000_000)
            + Message.field(3, matcher + Message.field(3, Array("a.*".utf8)))
            + Message.field(4, hints) + Message.field(99, [1, 2])
        let request = try Self.read(Message.field(1, query) + Message.field(2, 1))
        var expected = RemoteReadRequest.Hints()
        expected.step = 15_000
        expected.function = "rate"
        expected.grouping = ["project"]
        expected.isBy = true
        expected.range = 300_000
        #expect(
            request
                == RemoteReadRequest(
                    queries: [
                        .init(
                            start: -5, end: 1_700_000_000_000,
                            matchers: [.init("job", .regexMatch, "a.*")], hints: expected)
                    ], accepted: [.streamedChunks]))
        #expect(try RemoteReadRequest(body: request.body) == request)
    }

    @Test(
        "The first accepted type that is known is chosen, and none at all means samples",
        arguments: [
            ([], .samples), (Message.field(2, 0), .samples), (Message.field(2, 1), .streamedChunks),
            (Message.field(2, [1, 0]), .streamedChunks), (Message.field(2, [7, 0, 1]), .samples),
            (Message.field(2, 9) + Message.field(2, 1), .streamedChunks),
            (Message.field(2, 9), nil),
        ] as [([UInt8], RemoteReadRequest.ResponseType?)])
    func negotiation(message: [UInt8], type: RemoteReadRequest.ResponseType?) throws {
        #expect(try Self.read(message).chosenType == type)
    }

    @Test(
        "What is no request is refused in the reference's words",
        arguments: [
            ([], "snappy: corrupt input"), ([0xFF], "snappy: corrupt input"),
            (Array("query=up".utf8), "snappy: corrupt input"),
            // Four bytes that claim two gigabytes.
            ([0x80, 0x80, 0x80, 0x80, 0x08, 0x00], "snappy: corrupt input"),
            // A field longer than the message.
            ([0x02, 0x04, 0x0A, 0x05], "unexpected EOF"),
            ([0x02, 0x04, 0x0B, 0x05], "proto: an impossible wire type"),
            ([0x02, 0x04, 0x08, 0x05], "proto: a field has the wrong wire type"),
        ] as [([UInt8], String)])
    func refused(body: [UInt8], text: String) {
        do {
            _ = try RemoteReadRequest(body: body)
            Issue.record("\(body) was read")
        } catch {
            #expect(error.description == text)
        }
    }

    @Test("Any damage to a request ends in a request or in words")
    func damage() throws {
        var hints = RemoteReadRequest.Hints()
        hints.grouping = ["a", "b"]
        hints.function = "sum"
        let whole = RemoteReadRequest(
            queries: [
                .init(start: 1, end: 2, matchers: [.init("a", .equal, "b")], hints: hints),
                .init(start: 3, end: 4, matchers: [.init("c", .regexNoMatch, "d.+")]),
            ], accepted: [.streamedChunks, .samples])
        let body = try whole.body
        let message = try SnappyBlock.uncompress(body, limit: 1000)
        var random = SeededRandom(seed: 5)
        var refusals = 0
        for _ in 0..<20_000 {
            var bytes = Bool.random(using: &random) ? message : body
            let isMessage = bytes == message
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<3, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            do {
                _ = try isMessage ? Self.read(bytes) : RemoteReadRequest(body: bytes)
            } catch {
                refusals += 1
            }
        }
        #expect((1_000..<20_000).contains(refusals))
    }
}
