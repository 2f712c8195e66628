import HTTPTransport
import ScriptedServers
import Testing

@Suite struct InflaterTests {
    static let text = Array(
        (0..<20_000).map { "[\($0 &* 7919 % 100_003),\"\($0)\"]" }.joined(separator: ",").utf8)

    func inflate(
        _ bytes: [UInt8], chunk: Int = .max, page: Int = 1 << 16,
        limits: InflateLimits = InflateLimits()
    ) throws(InflateError) -> [UInt8] {
        var inflater = try Inflater(limits: limits)
        var all: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, position + min(chunk, bytes.count))
            inflater.feed(Array(bytes[position..<end]))
            position = end
            while let piece = try inflater.next(upTo: page) {
                #expect(piece.count <= page)
                all += piece
            }
        }
        try inflater.finish()
        return all
    }

    @Test(
        "gzip and zlib come out as they went in, however they are cut",
        arguments: [false, true], [(Int.max, 1 << 16), (1, 100), (17, 1), (4096, 1 << 20)])
    func roundTrip(zlib: Bool, cut: (chunk: Int, page: Int)) throws {
        let text = cut.chunk < 100 ? Array(Self.text.prefix(20_000)) : Self.text
        let back = try inflate(compressed(text, zlib: zlib), chunk: cut.chunk, page: cut.page)
        #expect(back == text)
    }

    @Test("Gzip members in a row are one body", arguments: [Int.max, 1, 1000])
    func concatenated(chunk: Int) throws {
        let parts: [[UInt8]] = [Array("abc".utf8), [], Array("def".utf8)]
        let bytes = parts.flatMap { compressed($0) }
        #expect(try inflate(bytes, chunk: chunk) == Array("abcdef".utf8))
    }

    @Test("An empty body inflates to nothing, no body at all is truncated")
    func empty() throws {
        #expect(try inflate(compressed([])) == [])
        #expect(throws: InflateError.truncated) { try inflate([]) }
    }

    @Test("A body cut anywhere is truncated, also where only the trailer is missing")
    func truncated() {
        let bytes = compressed(Array("some text, some text, some text".utf8))
        for end in 1..<bytes.count {
            #expect(throws: InflateError.truncated, "\(end)") {
                try inflate(Array(bytes[..<end]))
            }
        }
    }

    @Test("What is not compressed, damaged, or followed by something is corrupt")
    func corrupt() {
        var damaged = compressed(Self.text)
        damaged[damaged.count - 6] ^= 1
        for bytes in [
            Array("{\"status\":\"success\"}".utf8), damaged, compressed(Self.text) + [0, 0],
            compressed(Self.text, zlib: true) + [7],
        ] {
            let error = #expect(throws: InflateError.self) { try inflate(bytes) }
            guard case .corrupt = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("A bomb is stopped by its size or by its ratio, long before it is all there")
    func bomb() {
        let bomb = compressed([UInt8](repeating: 0, count: 24 << 20))
        #expect(throws: InflateError.tooLarge(limit: 1 << 20)) {
            try inflate(bomb, limits: InflateLimits(maximumBytes: 1 << 20))
        }
        #expect(throws: InflateError.suspiciousRatio(limit: 512)) { try inflate(bomb) }
        let mild = InflateLimits(maximumRatio: 10, ratioFreeBytes: 1 << 20)
        #expect(throws: Never.self) { try inflate(compressed(Self.text), limits: mild) }
    }
}
