import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// Answers that are cut at some steps and joined again.
@Suite struct SeriesJoinTests {
    private static let step: Int64 = 15_000

    /// A series as it is before it is written: by time, a float or a histogram.
    private struct Series {
        var labels: String
        var samples: [(time: Int64, text: String, isHistogram: Bool)] = []
    }

    private static func series(_ random: inout SeededRandom, steps: Int) -> [Series] {
        let names = ["a", "ab", "b", "project", "z"]
        let sets = Set((0..<random.below(12)).map { _ in random.some(names, oneIn: 2) })
        return sets.map { set in
            let labels = set.map { "\"\($0)\":\"[1,\($0)]\"" }.joined(separator: ",")
            var one = Series(labels: labels)
            let isMixed = random.oneIn(3)
            let isSparse = random.oneIn(2)
            for step in 0..<steps where !(isSparse && random.oneIn(2)) {
                // Of some length, and at fractions of a second.
                let time = Int64(step) * Self.step + (isMixed ? 250 : 0)
                if isMixed, random.oneIn(2) {
                    let buckets = (0..<random.below(3)).map { "[0,\"\($0)\",\"\($0 + 1)\",\"1\"]" }
                    let list =
                        buckets.isEmpty ? "" : ",\"buckets\":[\(buckets.joined(separator: ","))]"
                    one.samples.append((time, "{\"count\":\"1\",\"sum\":\"-1\"\(list)}", true))
                } else {
                    let value = random.pick(["1", "NaN", "+Inf", "-0.25", "1e+300", "12345678"])
                    one.samples.append((time, "\"\(value)\"", false))
                }
            }
            return one
        }
    }

    /// What a member answers about the times within.
    private static func answer(
        _ series: [Series], _ times: ClosedRange<Int64>
    ) throws -> [SeriesPage] {
        var elements: [String] = []
        for one in series {
            func list(_ name: String, _ isHistogram: Bool) -> [String] {
                let all = one.samples.filter {
                    times.contains($0.time) && $0.isHistogram == isHistogram
                }
                .map { sample -> String in
                    var stamp: [UInt8] = []
                    TimestampText.appendSample(Timestamp(milliseconds: sample.time), to: &stamp)
                    return "[\(String(decoding: stamp, as: UTF8.self)),\(sample.text)]"
                }
                return all.isEmpty ? [] : ["\"\(name)\":[\(all.joined(separator: ","))]"]
            }
            let lists = list("values", false) + list("histograms", true)
            if lists.isEmpty { continue }
            elements.append("{\"metric\":{\(one.labels)},\(lists.joined(separator: ","))}")
        }
        var limits = ResponseScanner.Limits()
        limits.page = 200
        var scanner = ResponseScanner(
            injecting: LabelInjection(name: "project", value: "p"), limits: limits)
        try scanner.append(
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(elements.joined(separator: ","))]}}"
                .utf8)
        _ = try scanner.finish()
        return scanner.takePages()
    }

    private static func elements(_ pages: [SeriesPage]) -> [String] {
        pages.flatMap { page in
            page.series.map { extent in
                let (key, element) = (page.keys[extent.key], page.bytes[extent.element])
                return "\(key.map { String($0) }) \(String(decoding: element, as: UTF8.self))"
                    + " \(extent.hasHistograms) \(String(decoding: page.bytes[extent.samples], as: UTF8.self))"
            }
        }
    }

    private static func all(_ join: SeriesJoin, ofBytes size: Int) -> [SeriesPage] {
        var join = join
        var pages: [SeriesPage] = []
        while let page = join.next(ofBytes: size) { pages.append(page) }
        return pages
    }

    @Test(arguments: UInt64(0)..<200)
    func whatIsCutAtAnyStepsAndJoinedIsTheWholeAnswer(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let steps = 1 + random.below(30)
        var series = Self.series(&random, steps: steps)
        let end = Int64(steps) * Self.step
        let (one, other) = (Int64(random.below(Int(end))), Int64(random.below(Int(end))))
        let (first, second) = (min(one, other), max(one, other))
        // Members do not all sort.
        if random.oneIn(2) {
            series.shuffle(using: &random)
        } else {
            series.sort { $0.labels < $1.labels }
        }
        let parts = try [-1...first, first + 1...second, second + 1...end + 1].map {
            try SeriesJoin.Part(Self.answer(series, $0))
        }
        let size = random.pick([1, 100, 1000, 1 << 20])
        let joined = Self.all(SeriesJoin(parts), ofBytes: size)
        let whole = try Self.answer(series, -1...end + 1)
        let expected = Self.elements(whole)
        #expect(Set(Self.elements(joined)) == Set(expected))
        #expect(Self.elements(joined).count == expected.count)
        let keys = joined.flatMap { page in page.series.map { Array(page.keys[$0.key]) } }
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
        // What was joined can be joined again, as it is or with less in it.
        let part = try SeriesJoin.Part(
            joined, from: Timestamp(milliseconds: first + 1),
            through: Timestamp(milliseconds: second), isOrdered: true)
        let middle = Self.all(SeriesJoin([part]), ofBytes: size)
        let within = try Self.elements(
            second > first ? Self.answer(series, first + 1...second) : [])
        #expect(Set(Self.elements(middle)) == Set(within))
        #expect(Self.elements(middle).count == within.count)
    }

    @Test func aSeriesThatAPartHasTwiceIsRefused() throws {
        let one = Series(labels: "\"a\":\"1\"", samples: [(0, "\"1\"", false)])
        let other = Series(labels: "\"b\":\"1\"", samples: [(0, "\"1\"", false)])
        let pages = try Self.answer([one, other, one], 0...0)
        #expect(throws: ScanError.self) { try SeriesJoin.Part(pages) }
    }

    @Test func nothingIsLeftOfAPartOutsideOfTheTimes() throws {
        let one = Series(
            labels: "\"a\":\"1\"", samples: [(0, "\"1\"", false), (15, "\"2\"", false)])
        let pages = try Self.answer([one], 0...15)
        for (from, through) in [(16, 20), (-5, -1), (1, 14), (10, 5)] as [(Int64, Int64)] {
            let part = try SeriesJoin.Part(
                pages, from: Timestamp(milliseconds: from),
                through: Timestamp(milliseconds: through))
            #expect(Self.all(SeriesJoin([part]), ofBytes: 100).isEmpty)
        }
    }
}
