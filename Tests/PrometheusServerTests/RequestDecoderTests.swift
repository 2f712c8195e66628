import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import PrometheusServer

@Suite("Bytes of a connection are divided into requests")
struct RequestDecoderTests {
    /// What is decoded, with the pieces of each body joined.
    static func decoded(_ pieces: [[UInt8]], headBytes: Int = 1 << 20) -> [RequestPart] {
        var decoder = RequestDecoder(maximumHeadBytes: headBytes, maximumFields: 1000)
        var parts: [RequestPart] = []
        for piece in pieces {
            decoder.feed(piece) { part in
                if case .body(let more) = part, case .body(let so)? = parts.last {
                    parts[parts.count - 1] = .body(so + more)
                } else {
                    parts.append(part)
                }
            }
        }
        return parts
    }

    static func decoded(_ text: String, headBytes: Int = 1 << 20) -> [RequestPart] {
        decoded([Array(text.utf8)], headBytes: headBytes)
    }

    private static func split(
        _ bytes: [UInt8], by random: inout SeededRandom
    ) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        let most = [1, 2, 7, 100, 5000].randomElement(using: &random) ?? 1
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...most, using: &random))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }

    @Test(
        "Pipelined requests are read the same however they are split, and only bodies hold bodies")
    func splits() {
        for seed in 0..<400 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let requests = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                SentRequest.random(&random)
            }
            let bytes = requests.flatMap(\.bytes)
            let whole = Self.decoded([bytes])
            #expect(whole == requests.flatMap(\.parts), "seed \(seed)")
            #expect(Self.decoded(Self.split(bytes, by: &random)) == whole, "seed \(seed)")
        }
    }

    @Test(
        "Damaged requests are read the same however they are split, and end with what is malformed")
    func damage() {
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let bytes = SentRequest.damaged(&random)
            let whole = Self.decoded([bytes], headBytes: 400)
            #expect(
                Self.decoded(Self.split(bytes, by: &random), headBytes: 400) == whole,
                "seed \(seed)")
            for part in whole.dropLast() {
                if case .malformed = part { Issue.record("seed \(seed): \(whole)") }
            }
        }
    }

    @Test("Where another reader takes all of a connection too, it finds the same requests")
    func agreement() throws {
        var both = 0
        for seed in 0..<6000 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let bytes = SentRequest.damaged(&random)
            let ours = Self.decoded([bytes])
            guard !ours.contains(where: { if case .malformed = $0 { true } else { false } }),
                let theirs = Self.readByNIO(bytes)
            else { continue }
            both += 1
            #expect(ours.map(Divided.init) == theirs, "seed \(seed)")
        }
        #expect(both > 200)
    }

    /// A part, as far as two readers can agree on it.
    private enum Divided: Equatable {
        case head(method: String, target: [UInt8], fields: Int)
        case body([UInt8])
        case end

        init(_ part: RequestPart) {
            switch part {
            case .head(let head):
                self = .head(
                    method: head.method, target: head.target, fields: head.headers.fields.count)
            case .body(let bytes): self = .body(bytes)
            case .end, .malformed, .frame: self = .end
            }
        }
    }

    /// nil when NIO's own decoder refuses anything.
    private static func readByNIO(_ bytes: [UInt8]) -> [Divided]? {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        guard
            (try? channel.pipeline.syncOperations.addHandler(
                ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))))
                != nil,
            (try? channel.writeInbound(ByteBuffer(bytes: bytes))) != nil
        else { return nil }
        var parts: [Divided] = []
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                parts.append(
                    .head(
                        method: head.method.rawValue, target: Array(head.uri.utf8),
                        fields: head.headers.count))
            case .body(let buffer):
                let more = Array(buffer.readableBytesView)
                if case .body(let so)? = parts.last {
                    parts[parts.count - 1] = .body(so + more)
                } else {
                    parts.append(.body(more))
                }
            case .end: parts.append(.end)
            }
        }
        return parts
    }

    // MARK: Alphabets, as a real Prometheus 3.5 has them

    private func isRead(_ bytes: [UInt8]) -> Bool {
        switch Self.decoded([bytes]).first {
        case .head: true
        case .malformed: false
        case .body, .end, .frame, nil: false
        }
    }

    @Test("A target holds every byte but blanks and control characters")
    func targetBytes() {
        for byte in UInt8.min...UInt8.max {
            let line = Array("GET /a?x".utf8) + [byte] + Array("y HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            #expect(isRead(line) == (byte > 0x20 && byte != 0x7f), "\(byte)")
            guard case .head(let head)? = Self.decoded([line]).first else { continue }
            #expect(head.target == Array("/a?x".utf8) + [byte] + Array("y".utf8))
        }
    }

    @Test("Methods, header names, header values and hosts have the bytes that Go gives them")
    func fieldBytes() {
        let token = Set("!#$%&'*+-.^_`|~".utf8)
        let host = Set("!$%&'()*+,-.:;=[]_~".utf8)
        for byte in UInt8.min...UInt8.max {
            let isAlphanumeric = byte < 0x80 && Character(Unicode.Scalar(byte)).isASCIIWord
            func sent(_ before: String, _ after: String) -> [UInt8] {
                Array(before.utf8) + [byte] + Array(after.utf8)
            }
            #expect(
                isRead(sent("G", "T /a HTTP/1.1\r\nHost: a\r\n\r\n"))
                    == (isAlphanumeric || token.contains(byte)), "\(byte)")
            #expect(
                isRead(sent("GET / HTTP/1.1\r\nHost: a\r\nf", "o: x\r\n\r\n"))
                    == (isAlphanumeric || token.contains(byte) || byte == UInt8(ascii: ":")))
            #expect(
                isRead(sent("GET / HTTP/1.1\r\nHost: a\r\nfoo: x", "y\r\n\r\n"))
                    == (byte >= 0x20 && byte != 0x7f || byte == 0x09))
            #expect(
                isRead(sent("GET / HTTP/1.1\r\nHost: x", "y\r\n\r\n"))
                    == (isAlphanumeric || host.contains(byte)))
        }
    }

    @Test("A head is as long as it may be, and no longer")
    func headLimit() {
        let rest = " HTTP/1.1\r\nHost: a\r\n"
        let target = "/" + String(repeating: "a", count: 1000 - rest.utf8.count - 5)
        let head = "GET \(target)\(rest)\r\n"
        #expect(head.utf8.count == 1002)
        guard case .head? = Self.decoded(head, headBytes: 1002).first else {
            Issue.record("a head of the allowed size was refused")
            return
        }
        let tooLong: [RequestPart] = [.malformed(.headTooLarge(limit: 999))]
        #expect(Self.decoded(head, headBytes: 999) == tooLong)
        // Nothing is held back in the hope of a line end.
        #expect(Self.decoded(String(repeating: "a", count: 1000), headBytes: 999) == tooLong)
        let fields = String(repeating: "a: b\r\n", count: 1001)
        #expect(
            Self.decoded("GET / HTTP/1.1\r\n\(fields)\r\n")
                == [.malformed(.tooManyFields(limit: 1000))])
    }
}

extension Character {
    fileprivate var isASCIIWord: Bool { isASCII && (isLetter || isNumber) }
}
