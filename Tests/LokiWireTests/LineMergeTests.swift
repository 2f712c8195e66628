import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import LokiWire

@Suite("A merge of lines is the first lines of all, whatever arrives when")
struct LineMergeTests {
    /// A line of a model.
    private struct Line {
        var time: Int64
        var text: String
        var stream: [String: String]
        var metadata: [String: String]
        var parsed: [String: String]
    }

    /// The streams of one member, each with its lines in the direction.
    private func member(
        _ random: inout SeededRandom, _ direction: LogDirection, _ name: String
    ) -> [Line] {
        let streams = (0..<(1 + random.below(4))).map { number -> [String: String] in
            var labels = ["app": "a\(number)", "m": random.pick(["", "x<y", "é\""])]
            if random.oneIn(3) { labels["project"] = "own" }
            if random.oneIn(4) { labels["exported_project"] = "older" }
            return labels
        }
        var lines: [Line] = []
        for labels in streams {
            var mine: [Line] = []
            for number in 0..<random.below(20) {
                mine.append(
                    Line(
                        time: Int64(random.below(12)), text: "\(name) \(number) <&> \u{2028}é\n\"",
                        stream: labels,
                        metadata: random.oneIn(2) ? ["level": random.pick(["info", "warn"])] : [:],
                        parsed: random.oneIn(3)
                            ? [random.pick(["project", "p", "exported_project"]): "v"] : [:]))
            }
            mine.sort { direction == .forward ? $0.time < $1.time : $0.time > $1.time }
            lines += mine
        }
        return lines
    }

    /// As Loki writes it, or with white space and escapes that Loki does not write.
    private func body(_ lines: [Line], isPlain: Bool) -> [UInt8] {
        let space = isPlain ? "" : " "
        func object(_ pairs: [String: String]) -> String {
            let sorted = pairs.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
            let members = (isPlain ? sorted : sorted.reversed()).map { pair in
                "\(quoted(pair.key)):\(space)\(quoted(pair.value))"
            }
            return "{\(space)" + members.joined(separator: "," + space) + "}"
        }
        func quoted(_ text: String) -> String {
            if isPlain {
                var out: [UInt8] = []
                JSONText.append(text, to: &out)
                return String(decoding: out, as: UTF8.self)
            }
            return "\""
                + text.unicodeScalars.map { scalar in
                    let digits = String(scalar.value, radix: 16)
                    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }.joined() + "\""
        }
        var streams: [String] = []
        var open: [String: String]?
        for line in lines {
            let value =
                "[\"\(line.time)\",\(space)\(quoted(line.text)),{\"structuredMetadata\":"
                + object(line.metadata) + ",\"parsed\":" + object(line.parsed) + "}]"
            if line.stream == open {
                streams[streams.count - 1] += ",\(space)" + value
            } else {
                streams.append("{\"stream\":\(object(line.stream)),\"values\":[" + value)
            }
            open = line.stream
        }
        return Array(
            ("{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":["
                + streams.map { $0 + "]}" }.joined(separator: ",") + "]}}").utf8)
    }

    /// What the answer must be, by sorting everything.
    private func model(
        _ members: [[Line]], _ injections: [LabelInjection], _ options: LineMerge.Options
    ) -> [UInt8] {
        let all = members.enumerated().flatMap { member, lines in
            lines.enumerated().map { (member: member, order: $0.offset, line: $0.element) }
        }.sorted { a, b in
            let (first, second) =
                options.direction == .forward
                ? (a.line.time, b.line.time) : (b.line.time, a.line.time)
            return (first, a.member, a.order) < (second, b.member, b.order)
        }
        var kept: [(member: Int, line: Line)] = []
        for one in all.prefix(options.limit) {
            if let last = kept.last, options.interval > .zero,
                .nanoseconds(abs(one.line.time - last.line.time)) < options.interval
            {
                continue
            }
            kept.append((one.member, one.line))
        }
        var streams: [LabelSet: [String]] = [:]
        for (member, line) in kept {
            let labels = VisibleLabels(LabelSet(line.stream), injections[member])
            let metadata = labels.line(LabelSet(line.metadata))
            let parsed = labels.line(LabelSet(line.parsed))
            var third = ""
            if options.isCategorized {
                let parts = [("structuredMetadata", metadata), ("parsed", parsed)]
                    .filter { !$0.1.isEmpty }
                    .map { "\"\($0.0)\":" + text(JSONValue.labels($0.1).escapingHTML) }
                third = ",{" + parts.joined(separator: ",") + "}"
            }
            let set =
                options.isCategorized
                ? labels.stream : LabelSet(labels.stream.pairs + metadata.pairs + parsed.pairs)
            streams[set, default: []].append(
                "[\"\(line.time)\"," + text(.string(line.text)) + third + "]")
        }
        let elements = streams.sorted {
            $0.key.quotedText.utf8.lexicographicallyPrecedes($1.key.quotedText.utf8)
        }.map { labels, lines in
            "{\"stream\":" + text(JSONValue.labels(labels).escapingHTML) + ",\"values\":["
                + lines.joined(separator: ",") + "]}"
        }
        let flags = options.isCategorized ? "\"encodingFlags\":[\"categorize-labels\"]," : ""
        return Array(
            ("{\"status\":\"success\",\"data\":{\"resultType\":\"streams\"," + flags
                + "\"result\":[" + elements.joined(separator: ",") + "]").utf8)
    }

    private func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }

    @Test("Of generated streams, in either direction, with ties, limits, intervals and foldings")
    func generated() throws {
        var random = SeededRandom(seed: 18)
        for round in 0..<600 {
            let direction = random.pick([LogDirection.forward, .backward])
            let names = ["prod-a", "prod-b", "prod-c"].prefix(1 + random.below(3))
            let partition = random.oneIn(5) ? PartitionLabel.none : PartitionLabel("project")
            let dropsLabel = random.oneIn(4)
            let injections = names.map { name in
                let injection = partition.labels(of: name)
                return dropsLabel ? injection.leavingOut(["project"]) : injection
            }
            let members = names.map { member(&random, direction, $0) }
            let options = LineMerge.Options(
                direction: direction, limit: 1 + random.below(40),
                interval: random.oneIn(3) ? .nanoseconds(random.below(4)) : .zero,
                isCategorized: random.oneIn(2), maximumBytes: 1 << 22)
            var merge = LineMerge(members: injections, options: options)
            // Pages of all members arrive in any order, those of each in theirs.
            var waiting: [[LinePage]] = []
            for lines in members {
                let body = body(lines, isPlain: !random.oneIn(3))
                waiting.append(try readLines(body, inPiecesOf: 1 + random.below(300)).pages)
            }
            while let member = waiting.indices.filter({ !waiting[$0].isEmpty })
                .randomElement(using: &random)
            {
                try merge.add(waiting[member].removeFirst(), of: member)
            }
            var answer = LineAnswer(merge)
            var out: [UInt8] = []
            while answer.append(to: &out, upTo: out.count + 1 + random.below(200)) {}
            #expect(
                withoutStatistics(out)
                    == String(decoding: model(members, injections, options), as: UTF8.self),
                "round \(round)")
        }
    }

    /// An answer that arrives stream by stream.
    private struct Arriving {
        private var reader = LokiAnswerReader()
        private var streams = 0

        /// The lines of the next stream, which have these times and so many bytes.
        mutating func next(_ times: some Sequence<Int>, bytes: Int) throws -> [LinePage] {
            let line = String(repeating: "x", count: bytes)
            let values = times.map { "[\"\($0)\",\"\(line)\",{\"parsed\":{\"t\":\"\($0)\"}}]" }
            let before =
                streams == 0 ? #"{"data":{"resultType":"streams","result":["# : ","
            let stream = #"{"stream":{"s":"\#(streams)"},"values":["#
            streams += 1
            try reader.append(Array((before + stream + values.joined(separator: ",") + "]}").utf8))
            return reader.takeLines().map { [$0] } ?? []
        }
    }

    @Test("What is held depends on the limit, not on what members send", arguments: [2, 8])
    func bounded(_ factor: Int) throws {
        let limit = 500
        var merge = LineMerge(
            members: Recordings.injections,
            options: .init(
                direction: .backward, limit: limit, isCategorized: true, maximumBytes: 1 << 20))
        var members = [Arriving(), Arriving()]
        var most = 0
        // Each stream has newer lines than the one before it, so that all of them are wanted for a
        // while.
        for stream in 0..<(20 * factor) {
            let times = stride(from: stream * 300 + 299, to: stream * 300 - 1, by: -1)
            for page in try members[stream % 2].next(times, bytes: 100) {
                try merge.add(page, of: stream % 2)
                most = max(most, merge.heldCount)
                #expect(merge.heldBytes < 3 << 20)
            }
        }
        #expect(most <= limit + 1000 + 300)
        #expect(LineAnswer(merge).count == limit)
    }

    @Test("Lines that take more than they may are refused, not held")
    func tooLarge() throws {
        var merge = LineMerge(
            members: [.none],
            options: .init(
                direction: .backward, limit: 1000, isCategorized: false, maximumBytes: 100_000))
        var member = Arriving()
        let pages = try member.next(0..<500, bytes: 1000)
        #expect(throws: LokiAnswerError.self) {
            for page in pages { try merge.add(page, of: 0) }
        }
    }

    @Test("Pages with few lines that are wanted are let go, and those lines stay")
    func compaction() throws {
        var merge = LineMerge(
            members: [.none],
            options: .init(
                direction: .forward, limit: 10, isCategorized: false, maximumBytes: 1 << 30))
        var member = Arriving()
        var sent = 0
        // One wanted line in each page of many.
        for number in 0..<10 {
            let times = [number] + (0..<1500).map { 1000 + $0 }
            for page in try member.next(times, bytes: 1000) {
                sent += page.heldBytes
                try merge.add(page, of: 0)
            }
        }
        #expect(merge.heldBytes < sent / 3)
        var answer = LineAnswer(merge)
        var out: [UInt8] = []
        while answer.append(to: &out) {}
        let result = try JSONValue(parsing: out)["data"]?["result"]?.items ?? []
        let labels = result.map { $0["stream"]?.pairs.map(\.value) ?? [] }
        #expect(labels == (0..<10).map { ["\($0)", "\($0)"] })
    }
}

extension JSONValue {
    /// Labels, escaped as other texts.
    fileprivate var escapingHTML: JSONValue {
        .object(pairs.map { ($0.name, .string($0.value)) })
    }
}
