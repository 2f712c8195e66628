import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct RemoteReadAnswerTests {
    private typealias Message = RemoteReadMessages

    private static let editor = RemoteSeriesEditor(
        injecting: LabelInjection(name: "project", value: "b"),
        removing: [.init(name: "region", value: "eu"), .init(name: "zone", value: "1")])

    @Test(
        "The project is put in its sorted place, what is external goes, the rest is copied",
        arguments: [
            ([], "{project=b}"), ([("__name__", "up")], "{__name__=up,project=b}"),
            ([("__name__", "up"), ("zone", "z")], "{__name__=up,project=b,zone=z}"),
            ([("a", "1"), ("region", "eu"), ("zone", "1")], "{a=1,project=b}"),
            ([("a", "1"), ("region", "us"), ("z", "2")], "{a=1,project=b,region=us,z=2}"),
            ([("a", "1"), ("project", "own")], "{a=1,exported_project=own,project=b}"),
            (
                [("exported_project", "x"), ("project", "y")],
                "{exported_exported_project=x,exported_project=y,project=b}"
            ),
            ([("projects", "1"), ("projec", "2")], "{projec=2,project=b,projects=1}"),
            ([("z", "1"), ("a", ""), ("é", "e\u{301}")], "{project=b,z=1,é=e\u{301}}"),
        ] as [([(String, String)], String)])
    func labels(labels: [(String, String)], text: String) throws {
        // Unknown fields, and chunks that nobody looks at, before and behind the labels.
        let junk = Message.field(9, 300) + Message.field(3, [1, 2, 3])
        let message = junk + labels.flatMap { Message.label($0.0, $0.1) } + Message.field(2, [255])
        let edited = try Self.editor.edited(message.indices, of: message)
        #expect(
            try Message.text(ofSeries: edited.message)
                == "\(text) \(junk + Message.field(2, [255]))")
        let pairs = text.dropFirst().dropLast().split(separator: ",").map { pair in
            let parts = pair.split(separator: "=").map(String.init)
            return (name: parts[0], value: parts[1])
        }
        #expect(edited.key == LabelSet(pairs).key)
    }

    private static func shares(_ numbers: [Int]) -> [RemoteReadShare] {
        numbers.map { RemoteReadShare(number: $0, editor: editor) }
    }

    @Test("A name that occurs twice is refused")
    func twice() {
        let message = Message.series([("a", "1"), ("a", "2")], [])
        #expect(throws: ScanError.malformed("a series has the label a twice")) {
            try Self.editor.edited(message.indices, of: message)
        }
    }

    @Test("CRC-32C has its published values")
    func checksum() {
        for (bytes, value) in [
            (Array("123456789".utf8), 0xE306_9283), ([], 0),
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        ] as [([UInt8], UInt32)] {
            #expect(CRC32C.checksum(bytes[...]) == value)
        }
    }

    @Test("A message of samples is taken apart by query")
    func samples() throws {
        let first = Message.series([("__name__", "up"), ("zone", "z")], [1])
        let second = Message.series([("__name__", "down")], [2])
        let block = try SnappyBlock.compress(
            Message.field(1, Message.field(1, first) + Message.field(1, second))
                + Message.field(1, []))
        let pages = try RemoteReadSamples.pages(
            of: block, queries: Self.shares([0, 1]), limit: 1 << 20)
        #expect(pages.map(\.series.count) == [2, 0])
        var result: [UInt8] = []
        SeriesElement(page: pages[0], index: 0).append(to: &result)
        var reader = ProtobufReader(result)
        let field = try #require(try reader.next())
        guard case .bytes(let range) = field.value else { throw WireError.truncated }
        #expect(
            try Message.text(ofSeries: Array(result[range]))
                == "{__name__=up,project=b,zone=z} \(Message.field(2, [1]))")
        for (block, error) in [
            (block, .malformed("2 results for 3 queries")),
            ([1, 2], .malformed("the answer is no snappy block")),
        ] as [([UInt8], ScanError)] {
            #expect(throws: error) {
                try RemoteReadSamples.pages(of: block, queries: Self.shares([0, 1, 2]), limit: 99)
            }
        }
        #expect(throws: ScanError.tooLarge("the answer is larger than 9 bytes")) {
            try RemoteReadSamples.pages(of: block, queries: Self.shares([0, 1]), limit: 9)
        }
    }

    /// Frames of two queries; the series in the middle goes on in a second frame.
    private static let body =
        Message.frame([("__name__", "a")], [1]) + Message.frame([("__name__", "b")], [2])
        + Message.frame([("__name__", "b")], [3])
        + Message.frame([("__name__", "a"), ("region", "eu")], [4], query: 1)

    private static func parts(
        _ body: [UInt8], pieces: Int, queries: [Int] = [3, 7]
    ) throws(ScanError) -> [(query: Int, series: Int, bytes: [UInt8])] {
        var reader = RemoteReadChunks(queries: shares(queries))
        var parts: [(query: Int, series: Int, bytes: [UInt8])] = []
        var start = 0
        while start < body.count {
            let end = min(start + pieces, body.count)
            try reader.append(Array(body[start..<end]))
            start = end
        }
        try reader.finish()
        while let part = reader.next() {
            parts.append((part.query, part.page.series.count, part.page.bytes))
        }
        return parts
    }

    @Test("Frames are given on by series and query, however they are cut", arguments: [1, 7, 4096])
    func frames(pieces: Int) throws {
        let parts = try Self.parts(Self.body, pieces: pieces)
        #expect(parts.map(\.query) == [3, 7])
        #expect(parts.map(\.series) == [2, 1])
        #expect(
            try parts.flatMap { try Message.texts(ofFrames: $0.bytes) } == [
                "3: {__name__=a,project=b} [18, 1, 1]", "3: {__name__=b,project=b} [18, 1, 2]",
                "3: {__name__=b,project=b} [18, 1, 3]", "7: {__name__=a,project=b} [18, 1, 4]",
            ])
    }

    @Test("Broken frames are errors")
    func broken() {
        var wrong = Self.body
        wrong[wrong.count - 1] ^= 1
        let late = Message.frame([], [1], query: 1) + Message.frame([], [2])
        for (body, error) in [
            (Array(Self.body.dropLast()), .truncated),
            (wrong, .malformed("the checksum of a frame is wrong")),
            (Message.frame([], [1], query: 2), Self.notAsked), (late, Self.notAsked),
            // What Prometheus writes where it fails in the middle.
            (Self.body + Array("out of memory\n".utf8), .truncated),
            (
                [0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
                .malformed("a frame says that it has 34359738367 bytes")
            ),
        ] as [([UInt8], ScanError)] {
            #expect(throws: error) { try Self.parts(body, pieces: 5) }
        }
    }

    private static let notAsked = ScanError.malformed(
        "a frame of a query that was not asked, or is over")

    @Test("Any damage inside a frame whose checksum is right ends in series or an error")
    func damage() throws {
        let message =
            Message.field(
                1, Message.series([("__name__", "a"), ("project", "x"), ("z", "y")], [1, 2, 3]))
            + Message.field(2, 1)
        var random = SeededRandom(seed: 11)
        var errors = 0
        for _ in 0..<20_000 {
            var bytes = message
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            do {
                for part in try Self.parts(Message.frame(bytes), pieces: 64) {
                    // What is given on is sound, whatever came in.
                    let texts = try Message.texts(ofFrames: part.bytes)
                    #expect(texts.allSatisfy { $0.contains("project=b") })
                }
            } catch {
                errors += 1
            }
        }
        #expect((1_000..<20_000).contains(errors))
    }
}
