import Foundation
import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import LokiWire

@Suite("Lists are merged as the union has them")
struct RecordedListTests {
    private func text(_ body: [UInt8]) -> String { String(decoding: body, as: UTF8.self) }

    /// Loki leaves out a list with nothing in it; it is written here.
    private func whole(_ union: Recording) -> String {
        union.body.replacingOccurrences(
            of: #"{"status":"success"}"#, with: #"{"status":"success","data":[]}"#)
    }

    private static func recordings(_ prefix: String) -> [Recording] {
        Recordings.common.filter { $0.id.hasPrefix(prefix) }
    }

    @Test("Names of labels", arguments: recordings("meta-label"))
    func names(_ union: Recording) throws {
        var merge = LabelNamesMerge()
        for (recording, injection) in zip(
            try Recordings.members(union.id), Recordings.injections)
        {
            try merge.add(recording.bytes, of: injection)
        }
        #expect(text(merge.body) == whole(union))
    }

    @Test(
        "Values of labels",
        arguments: recordings("meta-values").filter {
            !$0.path.contains("/project/") && !$0.path.contains("/exported_project/")
        })
    func values(_ union: Recording) throws {
        var merge = LabelValuesMerge()
        for recording in try Recordings.members(union.id) { try merge.add(recording.bytes) }
        #expect(text(merge.body) == whole(union))
    }

    @Test("Values of the partition label are the members that have a stream")
    func partitionValues() throws {
        let union = try Recordings.union("meta-values-project")
        var merge = LabelValuesMerge()
        for (recording, name) in zip(try Recordings.members("meta-labels"), Recordings.members) {
            try merge.add(value: name, ifAnyIn: recording.bytes)
        }
        try merge.add(value: "empty", ifAnyIn: Array(#"{"status":"success"}"#.utf8))
        #expect(text(merge.body) == union.body)
    }

    @Test("Values of a member's own label of that name are those of the exported one")
    func exportedValues() throws {
        let union = try Recordings.union("meta-values-exported")
        var merge = LabelValuesMerge()
        for recording in try Recordings.members("meta-values-project") {
            try merge.add(recording.bytes)
        }
        #expect(text(merge.body) == union.body)
    }

    @Test("Label sets of streams, in any order", arguments: recordings("series-"))
    func series(_ union: Recording) throws {
        var merge = SeriesListMerge()
        for (recording, injection) in zip(
            try Recordings.members(union.id), Recordings.injections)
        {
            try merge.add(recording.bytes, of: injection)
        }
        func sets(_ body: [UInt8]) throws -> [LabelSet] {
            try #require(JSONValue(parsing: body)["data"]).items.map(\.labelSet)
        }
        let merged = try sets(merge.body)
        #expect(try merged == sets(union.bytes).sorted())
        #expect(Set(merged).count == merged.count)
    }

    @Test("Counts of the index are added")
    func statistics() throws {
        var merge = IndexStatisticsMerge()
        try merge.add(Array(#"{"streams":4,"chunks":5,"bytes":1445,"entries":15}"#.utf8))
        try merge.add(Array(#"{"streams":1,"entries":2,"new":{"a":[1]},"bytes":1e3}"#.utf8))
        #expect(text(merge.body) == "{\"streams\":5,\"chunks\":5,\"bytes\":2445,\"entries\":17}\n")
        #expect(text(IndexStatisticsMerge().body) == (try Recordings.union("stats-none")).body)
    }

    @Test("Patterns of the same text and level count together", arguments: recordings("patterns"))
    func patterns(_ union: Recording) throws {
        var merge = PatternsMerge()
        for recording in try Recordings.members(union.id) { try merge.add(recording.bytes) }
        #expect(text(merge.body) == union.body)
    }

    @Test("Fields that are detected: types, parsers and paths", arguments: recordings("detfields-"))
    func fields(_ union: Recording) throws {
        let limit = try DetectedFieldParameters(union.reader, now: Recordings.now).limit
        var merge = DetectedFieldsMerge(limit: limit)
        for (recording, injection) in zip(
            try Recordings.members(union.id), Recordings.injections)
        {
            try merge.add(recording.bytes, of: injection)
        }
        func rows(_ body: [UInt8]) throws -> [String: [JSONValue?]] {
            let fields = try JSONValue(parsing: body)["fields"]?.items ?? []
            return Dictionary(
                uniqueKeysWithValues: fields.map {
                    ($0["label"]?.text ?? "", [$0["type"], $0["parsers"], $0["jsonPath"]])
                })
        }
        let merged = try rows(merge.body)
        if union.id == "detfields-limit" {
            // Which of them come is free.
            #expect(merged.count == limit)
        } else {
            #expect(try merged == rows(union.bytes))
        }
        #expect(
            try JSONValue(parsing: merge.body)["limit"] == JSONValue(parsing: union.bytes)["limit"])
    }

    @Test(
        "Values of a field",
        arguments: recordings("detfield-values").filter {
            !$0.path.contains("/project")
        })
    func fieldValues(_ union: Recording) throws {
        let limit = try DetectedFieldParameters(union.reader, now: Recordings.now).limit
        var merge = DetectedValuesMerge(limit: limit)
        for recording in try Recordings.members(union.id) { try merge.add(recording.bytes) }
        func values(_ body: [UInt8]) throws -> [String] {
            (try JSONValue(parsing: body)["values"]?.items.compactMap(\.text) ?? []).sorted()
        }
        #expect(try values(merge.body) == values(union.bytes))
    }

    @Test("Detected labels: none, and the largest number of values")
    func labels() throws {
        var merge = DetectedLabelsMerge()
        try merge.add(Array("{}".utf8), of: Recordings.injections[0])
        #expect(text(merge.body) == (try Recordings.union("detlabels")).body)
        let bodies = [
            #"{"detectedLabels":[{"label":"app","cardinality":3,"sketch":"x"}]}"#,
            #"{"detectedLabels":[{"label":"app","cardinality":5},{"label":"project","cardinality":2}]}"#,
        ]
        for (body, injection) in zip(bodies, Recordings.injections) {
            try merge.add(Array(body.utf8), of: injection)
        }
        #expect(
            text(merge.body)
                == #"{"detectedLabels":[{"label":"app","cardinality":5},"#
                + #"{"label":"exported_project","cardinality":2},"#
                + #"{"label":"project","cardinality":2}]}"# + "\n")
    }

    // MARK: - Volumes

    /// Series in their order, and their volumes in theirs.
    private struct Volumes {
        var type: String
        var series: [String] = []
        var values: [Int] = []

        init(_ body: [UInt8]) throws {
            let data = try #require(JSONValue(parsing: body)["data"])
            type = data["resultType"]?.text ?? ""
            for one in data["result"]?.items ?? [] {
                let samples = try one["values"]?.items ?? [#require(one["value"])]
                let times = samples.compactMap { $0.items.first?.bytes }
                series.append("\(one["metric"]?.pairs ?? []) \(times)")
                values += samples.compactMap { $0.items.last?.text.flatMap { Int($0) } }
            }
        }
    }

    /// Expects the volumes of both members together to be those of the union. Each of them divides its
    /// bytes among the steps of a range and rounds them, so that the sum may be one less.
    private func expectUnion(
        _ id: String, as union: String? = nil, _ grouping: VolumeMerge.Grouping
    ) throws {
        let union = try Recordings.union(union ?? id)
        var merge = VolumeMerge(grouping)
        // The server had estimated twice as much for the second member as for the first one, which has
        // as much: the first one's estimates are taken for both.
        let first = try #require(Recordings.a[id]).body
        let second = first.replacingOccurrences(of: "onlya", with: "onlyb")
            .replacingOccurrences(of: "billing", with: "search")
        for (body, injection) in zip([first, second], Recordings.injections) {
            try merge.add(Array(body.utf8), of: injection)
        }
        let isRange = union.endpoint == "index/volume_range"
        let parameters = try VolumeParameters(
            union.reader, isRange: isRange, now: Recordings.now)
        let body = merge.body(limit: parameters.limit, isRange: isRange)
        if !isRange { #expect(withoutStatistics(body) == withoutStatistics(union.bytes)) }
        let (merged, expected) = (try Volumes(body), try Volumes(union.bytes))
        #expect(merged.type == expected.type)
        #expect(merged.series == expected.series)
        #expect(merged.values.count == expected.values.count)
        for (value, whole) in zip(merged.values, expected.values) {
            #expect((whole - 1...whole).contains(value), "\(union.id)")
        }
    }

    @Test(
        "Volumes of label sets are added, the largest first",
        arguments: [
            "volume-api", "volume-all", "volume-none", "volume-limit3", "volume-aggseries",
            "volume-limit0", "volumerange-api", "volumerange-none", "volumerange-all",
            "volumerange-limit3",
        ])
    func volumes(_ id: String) throws {
        try expectUnion(id, .labels(named: ["app"]))
    }

    @Test("Volumes by several labels, by the partition label, of whole label sets")
    func volumesByLabels() throws {
        for (id, other, names) in [
            ("volume-targets", nil, ["env"]), ("volume-targets2", nil, ["app", "env"]),
            ("volumerange-targets", nil, ["env"]),
            ("volume-all", "volume-targetproject", ["project"]),
            ("volumerange-all", "volumerange-targetproject", ["project"]),
            ("volume-all", "volume-query-project", ["project"]),
            ("volume-all", "volume-query-project-app", ["app", "project"]),
        ] as [(String, String?, [String])] {
            try expectUnion(id, as: other, .labels(named: names))
        }
        try expectUnion("volume-empty", .labels(named: nil))
    }

    @Test("Volumes of labels, whatever their value", arguments: ["volume", "volumerange"])
    func volumesOfNames(_ kind: String) throws {
        try expectUnion("\(kind)-agglabels", .names(addsLabels: true))
    }
}
