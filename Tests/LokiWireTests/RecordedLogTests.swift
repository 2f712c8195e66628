import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import LokiWire

/// The lines of recorded members, merged, are the lines that the recorded union gave, byte for byte.
@Suite("Log queries are answered as the union answered them")
struct RecordedLogTests {
    private static let logs = Recordings.common.filter {
        $0.body.hasPrefix("{\"status\":\"success\",\"data\":{\"resultType\":\"streams\"")
    }

    /// Where the members were asked something else than the union means, a member thinned its lines
    /// itself, a tie was cut, which is free, or a member would have had to say what is metadata.
    private static let isIncomparable: @Sendable (Recording) -> Bool = { recording in
        let prefixes = ["log-ival-10s", "log-ival-2.5", "log-ival-long", "log-tie-limit"]
        let ids = [
            "log-json-project-flat", "log-json-project-extracted", "log-meta-project",
            "log-meta-project-extracted", "log-filter-17", "log-long-range",
        ]
        return prefixes.contains { recording.id.hasPrefix($0) } || ids.contains(recording.id)
    }

    private func options(
        _ recording: Recording, isCategorized: Bool
    ) throws -> LineMerge.Options {
        let parameters = try LogRangeParameters(recording.reader, now: Recordings.now)
        return LineMerge.Options(
            direction: parameters.direction, limit: parameters.limit,
            interval: parameters.interval, isCategorized: isCategorized,
            maximumBytes: 1 << 24)
    }

    /// Whether the pipeline takes the partition label away.
    private func dropsLabel(_ recording: Recording) -> Bool {
        recording.id.hasPrefix("log-keep")
    }

    private func injections(_ recording: Recording) -> [LabelInjection] {
        dropsLabel(recording)
            ? Recordings.injections.map { $0.leavingOut(["project"]) } : Recordings.injections
    }

    @Test(
        "Categorized answers of members make the categorized answer of the union",
        arguments: logs.filter { $0.flags != nil && !isIncomparable($0) })
    func categorized(_ recording: Recording) throws {
        let bodies = try Recordings.members(recording.id).map(\.bytes)
        let merged = try mergedLines(
            bodies, injections(recording), options(recording, isCategorized: true))
        #expect(withoutStatistics(merged) == withoutStatistics(recording.bytes))
    }

    @Test(
        "Categorized answers of members make the flat answer of the union",
        arguments: logs.filter {
            $0.flags == nil && $0.id.hasSuffix("-flat") && !isIncomparable($0)
        })
    func folded(_ recording: Recording) throws {
        let id = String(recording.id.dropLast("flat".count)) + "cat"
        let bodies = try Recordings.members(id).map(\.bytes)
        let merged = try mergedLines(
            bodies, injections(recording), options(recording, isCategorized: false))
        #expect(withoutStatistics(merged) == withoutStatistics(recording.bytes))
    }

    @Test(
        "Flat answers of members that know no categories make the flat answer of the union",
        arguments: logs.filter {
            $0.flags == nil && !$0.id.hasSuffix("-flat") && !isIncomparable($0)
        })
    func flat(_ recording: Recording) throws {
        let bodies = try Recordings.members(recording.id).map(\.bytes)
        let merged = try mergedLines(
            bodies, injections(recording), options(recording, isCategorized: false))
        #expect(withoutStatistics(merged) == withoutStatistics(recording.bytes))
    }

    @Test("A cut inside a nanosecond gives as many lines of it as the union gives")
    func cutTies() throws {
        let cut = Self.logs.filter { $0.id.hasPrefix("log-tie-limit") }
        #expect(cut.count == 10)
        for recording in cut {
            let bodies = try Recordings.members(recording.id).map(\.bytes)
            let merged = try mergedLines(
                bodies, Recordings.injections, options(recording, isCategorized: false))
            #expect(try times(merged) == times(recording.bytes), "\(recording.id)")
        }
    }

    private func times(_ body: [UInt8]) throws -> [Int64] {
        try readLines(body).pages.flatMap { $0.entries.map(\.time) }.sorted()
    }

    @Test("Without the partition label, members share streams, in order of time")
    func droppedLabel() throws {
        let union = try Recordings.union("u-drop-flat")
        let bodies = try Recordings.members("log-x-defaults").map(\.bytes)
        let merged = try mergedLines(
            bodies, Recordings.injections.map { $0.leavingOut(["project"]) },
            options(union, isCategorized: false))
        #expect(withoutStatistics(merged) == withoutStatistics(union.bytes))
    }

    @Test("A member that is asked alone is the union of itself")
    func oneMember() throws {
        let union = try Recordings.union("u-sel-a-flat")
        let body = try #require(Recordings.a["log-x-defaults"]).bytes
        let merged = try mergedLines(
            [body], [Recordings.injections[0]], options(union, isCategorized: false))
        #expect(withoutStatistics(merged) == withoutStatistics(union.bytes))
        // Over its own key nothing is added.
        let own = try mergedLines([body], [.none], options(union, isCategorized: false))
        #expect(withoutStatistics(own) == withoutStatistics(body))
    }

    @Test("An own label of a stream makes room for the partition label")
    func exported() throws {
        let union = try Recordings.union("u-exported-sel-cat")
        let body = try #require(Recordings.a["log-batch-cat"]).bytes
        let merged = try mergedLines(
            [body], [Recordings.injections[0]], options(union, isCategorized: true))
        #expect(
            String(decoding: merged, as: UTF8.self).contains("\"exported_project\":\"billing\""))
        let stream = #"{"stream":{"app":"batch","env":"prod","exported_project":"billing","#
        #expect(withoutStatistics(merged).contains(stream))
        #expect(union.body.contains(stream))
    }

    @Test(
        "An interval thins the lines of all members together, after the limit",
        arguments: Recordings.union.values.filter {
            $0.id.hasPrefix("log-ival-10s") || $0.id.hasPrefix("log-ival-2.5")
        }.sorted { $0.id < $1.id })
    func interval(_ recording: Recording) throws {
        // What was pushed: a line each three seconds at one member and each four at the other.
        let start = 1_795_734_600
        let beats = [("a", 20, 3, 0), ("b", 15, 4, 1)].map { member, count, step, offset in
            (0..<count).map { (start + offset + step * $0, "\(member) beat \($0)") }
        }
        let options = try options(recording, isCategorized: false)
        let bodies = beats.map { beats in
            let lines = options.direction == .forward ? beats : beats.reversed()
            let values = lines.prefix(options.limit).map { "[\"\($0)000000000\",\"\($1)\"]" }
            return Array(
                (#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"#
                    + #""app":"ival","detected_level":"info","env":"prod","level":"info","#
                    + #""pod":"ival-0","service_name":"ival"},"values":["#
                    + values.joined(separator: ",") + "]}]}}").utf8)
        }
        let merged = try mergedLines(bodies, Recordings.injections, options)
        #expect(withoutStatistics(merged) == withoutStatistics(recording.bytes))
    }

    @Test("An answer says how many lines it has, and whom it lacks")
    func trailer() throws {
        let body = try #require(Recordings.a["log-x-defaults"]).bytes
        let (pages, trailer) = try readLines(body)
        var merge = LineMerge(
            members: [.none],
            options: .init(
                direction: .backward, limit: 2, isCategorized: false, maximumBytes: 1 << 20))
        for page in pages { try merge.add(page, of: 0) }
        var answer = LineAnswer(
            merge, statistics: trailer.statistics, failures: ["prod-b: connection refused"],
            warnings: ["{service_name=~\".+\"} is all streams"])
        #expect(answer.count == 2)
        var out: [UInt8] = []
        let hasMore = answer.append(to: &out)
        #expect(!hasMore)
        let document = try JSONValue(parsing: out)
        #expect(
            document["warnings"]?.items.compactMap(\.text) == [
                "prod-b: connection refused", "{service_name=~\".+\"} is all streams",
            ])
        let summary = document["data"]?["stats"]?["summary"]
        #expect(summary?["totalEntriesReturned"]?.integer == 2)
        #expect(summary?["totalLinesProcessed"]?.integer == 5)
    }
}
