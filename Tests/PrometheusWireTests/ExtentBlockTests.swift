import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// Answers as gateways keep them for one another.
@Suite struct ExtentBlockTests {
    private static let digest = (0..<32).map { UInt8($0) }
    private static let from: Int64 = 1_700_000_000_000
    private static let step: Int64 = 15_000

    /// No hash, but one that every byte counts in.
    private static func seal(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var sum: UInt64 = 1
        for byte in bytes { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
        return (0..<32).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 % 8 * 8)) }
    }

    private static func elements(
        _ random: inout SeededRandom, steps: Int, isInstant: Bool
    ) -> [String] {
        (0..<random.below(30)).map { index in
            let samples = (0..<steps).compactMap { step -> String? in
                if step > 0, random.oneIn(4) { return nil }
                let seconds = Double(from + Int64(step) * Self.step) / 1000
                let value = random.pick(["1", "NaN", "+Inf", "-0.25", "1e+300", "12345678"])
                return "[\(Int(seconds)),\"\(value)\"]"
            }
            let list =
                isInstant
                ? "\"value\":\(samples[0])" : "\"values\":[\(samples.joined(separator: ","))]"
            let text = String(repeating: "é\\\"", count: random.below(4))
            return "{\"metric\":{\"__name__\":\"m\",\"n\":\"\(1000 + index)\(text)\"},\(list)}"
        }
    }

    private static func block(
        _ random: inout SeededRandom, isInstant: Bool
    ) throws -> ExtentBlock {
        let steps = isInstant ? 1 : 1 + random.below(50)
        let type: ResponseScanner.ResultType = isInstant ? .vector : .matrix
        var limits = ResponseScanner.Limits()
        limits.page = 500
        var scanner = ResponseScanner(
            injecting: LabelInjection(name: "project", value: "p"), limits: limits)
        let list = elements(&random, steps: steps, isInstant: isInstant)
            .joined(separator: ",")
        try scanner.append(
            Array(
                #"{"status":"success","data":{"resultType":"\#(type.rawValue)","result":[\#(list)]}}"#
                    .utf8))
        _ = try scanner.finish()
        return ExtentBlock(
            from: Timestamp(milliseconds: from),
            through: Timestamp(milliseconds: from + Int64(steps - 1) * step),
            asked: Timestamp(milliseconds: from + 3_600_000), widest: 7_200_000, type: type,
            pages: scanner.takePages())
    }

    private static func read(
        _ bytes: [UInt8], digest: [UInt8] = digest, isInstant: Bool = false,
        step: Int64 = step, limit: Int = 1 << 20, isSealed: Bool? = nil
    ) -> ExtentBlock? {
        ExtentBlock(
            bytes, digest: digest, type: isInstant ? .vector : .matrix,
            step: Milliseconds(isInstant ? 0 : step), limit: limit
        ) { bytes, seal in isSealed ?? (Self.seal(bytes) == Array(seal)) }
    }

    private static func text(_ pages: [SeriesPage]) -> [String] {
        pages.flatMap { page in
            page.series.map { series in
                "\(page.keys[series.key]) \(page.bytes[series.samples]) \(series.hasHistograms) "
                    + String(decoding: page.bytes[series.element], as: UTF8.self)
            }
        }
    }

    @Test(arguments: UInt64(0)..<60)
    func whatIsReadIsWhatWasWritten(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let isInstant = random.oneIn(3)
        let block = try Self.block(&random, isInstant: isInstant)
        let bytes = try #require(
            block.bytes(digest: Self.digest, limit: 1 << 20, seal: Self.seal))
        let head = try #require(ExtentBlock.Head(bytes, digest: Self.digest))
        #expect(head == ExtentBlock.Head(Array(bytes.prefix(80)), digest: Self.digest))
        #expect(head.length == bytes.count)
        #expect((head.from, head.through) == (block.from, block.through))
        let read = try #require(Self.read(bytes, isInstant: isInstant))
        #expect(Self.text(read.pages) == Self.text(block.pages))
        #expect((read.from, read.through) == (block.from, block.through))
        #expect((read.asked, read.widest) == (block.asked, block.widest))
    }

    /// Gateways of one version read what those of another wrote, as long as this is so.
    @Test func theBytesOfABlockArePinned() throws {
        var page = SeriesPage()
        page.bytes = Array(#"{"metric":{},"values":[[1700000000,"1"]]},"#.utf8)
        page.series = [
            SeriesPage.Extent(
                key: 0..<0, element: 0..<page.bytes.count - 1, samples: 13..<page.bytes.count - 1,
                hasHistograms: false)
        ]
        let time = Timestamp(milliseconds: Self.from)
        let block = ExtentBlock(
            from: time, through: time, asked: time, widest: 1, type: .matrix, pages: [page])
        let bytes = try #require(
            block.bytes(digest: Self.digest, limit: 1 << 20) { _ in [UInt8](repeating: 9, count: 32)
            })
        let stamp: [UInt8] = [0x00, 0x68, 0xE5, 0xCF, 0x8B, 0x01, 0, 0]
        let text = Array(page.bytes.dropLast())
        #expect(
            bytes == Array("TRBX".utf8) + [1, 0, 0, 0] + [155, 0, 0, 0] + [41, 0, 0, 0]
                + Self.digest + stamp + stamp + stamp + [1, 0, 0, 0, 0, 0, 0, 0]
                // One literal of snappy.
                + [41, 40 << 2] + text + [UInt8](repeating: 9, count: 32))
        #expect(Self.read(bytes, isSealed: true)?.pages.first?.bytes == page.bytes)
    }

    @Test func aByteThatIsNotAsItWasMakesItNothing() throws {
        var random = SeededRandom(seed: 3)
        let block = try Self.block(&random, isInstant: false)
        let bytes = try #require(
            block.bytes(digest: Self.digest, limit: 1 << 20, seal: Self.seal))
        #expect(Self.read(bytes) != nil)
        for index in bytes.indices {
            var other = bytes
            other[index] ^= UInt8(1 << random.below(8))
            #expect(Self.read(other) == nil, "byte \(index)")
            #expect(Self.read(Array(bytes[..<index])) == nil, "\(index) bytes")
        }
        #expect(Self.read(bytes + [0]) == nil)
        // Of another key, of another kind, on another grid, longer than is allowed.
        #expect(Self.read(bytes, digest: Self.digest.reversed()) == nil)
        #expect(Self.read(bytes, isInstant: true) == nil)
        #expect(Self.read(bytes, step: 0) == nil)
        #expect(Self.read(bytes, step: 7_000) == nil || block.from == block.through)
        #expect(Self.read(bytes, limit: bytes.count - 1) == nil)
        #expect(block.bytes(digest: Self.digest, limit: 100, seal: Self.seal) == nil)
    }

    /// Without a secret anybody can make a seal that fits: what is inside is judged then.
    @Test func whatIsNoAnswerAtTheseStepsIsNothing() throws {
        func read(
            _ text: String, textLength: Int? = nil, isInstant: Bool = false
        ) throws -> ExtentBlock? {
            let block = ExtentBlock(
                from: Timestamp(milliseconds: Self.from),
                through: Timestamp(milliseconds: Self.from + (isInstant ? 0 : 2 * Self.step)),
                asked: 0, widest: 0, type: isInstant ? .vector : .matrix, pages: [])
            var bytes = try #require(
                block.bytes(digest: Self.digest, limit: 1 << 20, seal: Self.seal))
            let inner = try SnappyBlock.compress(Array(text.utf8))
            bytes = Array(bytes[..<80]) + inner + Array(bytes.suffix(32))
            func put(_ number: Int, at start: Int) {
                for index in 0..<4 {
                    bytes[start + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
                }
            }
            put(bytes.count, at: 8)
            put(textLength ?? text.utf8.count, at: 12)
            return Self.read(bytes, isInstant: isInstant, isSealed: true)
        }
        let one = #"{"metric":{"a":"1"},"values":[[1700000015,"1"]]}"#
        let two = #"{"metric":{"a":"2"},"values":[[1700000030,"1"]]}"#
        #expect(try read("") != nil)
        #expect(try read(one) != nil)
        #expect(try read("\(one),\(two)") != nil)
        for wrong in [
            "\(two),\(one)", "\(one),\(one)", "\(one),", ",\(one)", "\(one)]}", "null", "{}",
            one.replacing("1700000015", with: "1700000016"),
            one.replacing("1700000015", with: "1700000045"),
            one.replacing("1700000015", with: "1600000005"),
            "\(one)]},\"warnings\":[\"w\"],\"x\":{\"y\":[",
            "\(one)]},\"data\":{\"resultType\":\"vector\",\"result\":[",
        ] {
            #expect(try read(wrong) == nil, "\(wrong)")
        }
        #expect(try read(one, textLength: 3) == nil)
        #expect(try read(one, textLength: 1000) == nil)
        #expect(try read(one, isInstant: true) == nil)
        #expect(
            try read(#"{"metric":{},"value":[1700000000,"1"]}"#, isInstant: true) != nil)
    }

    @Test func noBytesAtAllEndTheProcess() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<3000 {
            let isInstant = random.oneIn(2)
            var bytes = try #require(
                try Self.block(&random, isInstant: isInstant)
                    .bytes(digest: Self.digest, limit: 1 << 20, seal: Self.seal))
            for _ in 0..<1 + random.below(6) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = random.pick([0, 1, 0x7F, 0x80, 0xFF])
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8(random.below(256)), at: place)
                default: bytes[place] ^= UInt8(1 << random.below(8))
                }
                if bytes.count < 120 { break }
            }
            guard let read = Self.read(bytes, isInstant: isInstant, isSealed: true) else {
                continue
            }
            if isInstant { continue }
            var join = SeriesJoin([
                try SeriesJoin.Part(
                    read.pages, from: read.from, through: read.through, isOrdered: true)
            ])
            while join.next(ofBytes: 1000) != nil {}
        }
    }
}
