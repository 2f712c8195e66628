import PrometheusWire
import Testing
import TimeSeries

@testable import TempoWire

@Suite("Rows of real members make the rows of their union")
struct SearchRecordingTests {
    /// Searches whose rows of all members are those of the union. Those without a limit that cuts:
    /// Tempo gives the first rows that it finds.
    static let equal = [
        "search-spss10", "search-notime", "search-and", "search-duration", "search-false",
        "search-dual", "search-conflict", "search-padded", "search-cross", "search-own-span",
        "search-own-dot", "search-nothing", "search-mostrecent", "search-scope-instr",
        "search-unscoped-dur", "search-tags", "search-tags-dur", "search-dur-only",
    ]
    /// Searches that match in one member of those that have the trace. The rows are the union's when
    /// they are completed.
    static let completed = [
        "search-error", "search-dot", "search-event", "search-link", "search-bool", "search-float",
        "search-array", "search-split-root", "search-split-child",
    ]
    /// What is judged of a whole trace, and so differs: each member judges its own part. The union
    /// finds more spans or traces.
    static let differing = [
        "search-traceduration", "search-trace-duration2", "search-rootname", "search-rootsvc",
        "search-structural", "search-spanset-and", "search-count",
    ]

    static func rows(_ bytes: [UInt8]) throws -> [JSONValue] {
        try JSONValue(parsing: bytes).canonical["traces"]?.items ?? []
    }

    /// Spans without the attribute that the gateway gives them.
    static func withoutPartition(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map(withoutPartition))
        case .object(let pairs):
            return .object(
                pairs.compactMap { pair in
                    guard pair.key == "attributes" else {
                        return (pair.key, withoutPartition(pair.value))
                    }
                    let kept = pair.value.items.filter {
                        $0 != .attribute("project", "prod-a")
                            && $0 != .attribute("project", "prod-b")
                    }
                    return kept.isEmpty ? nil : (pair.key, .array(kept))
                })
        default: return value
        }
    }

    static func merged(_ id: String, as question: SearchQuestion? = nil) throws -> SearchAnswer {
        let union = try #require(Recording.union[id])
        let a = try #require(Recording.memberA[id])
        let b = try #require(Recording.memberB[id])
        return try (question ?? SearchQuestion(union.reader)).merged([
            MemberAnswer(labels: Recording.labelsA, value: SearchAnswer(parsing: a.body)),
            MemberAnswer(labels: Recording.labelsB, value: SearchAnswer(parsing: b.body)),
        ])
    }

    @Test("a search is answered as the union answers it", arguments: equal)
    func equalRows(_ id: String) throws {
        let union = try #require(Recording.union[id])
        let ours = try Self.rows(Self.merged(id).body).map(Self.withoutPartition)
        let theirs = try Self.rows(union.body)
        #expect(ours.map(\.string) == theirs.map(\.string))
    }

    @Test("rows are completed with what others know of their traces", arguments: completed)
    func completedRows(_ id: String) throws {
        let union = try #require(Recording.union[id])
        let question = try SearchQuestion(union.reader)
        let rows = try Self.merged(id)
        var parts: [SearchAnswer] = []
        for recordings in [Recording.memberA, Recording.memberB] {
            let answered = try SearchAnswer(parsing: try #require(recordings[id]).body)
            guard let asked = question.completion(of: rows, answered: answered) else { continue }
            // All traces of the member, of which it would give those that are asked for.
            var all = try SearchAnswer(parsing: try #require(recordings["search-spss10"]).body)
            all.traces.removeAll { trace in
                let id = TraceID(padding: trace.id)?.hexadecimal ?? ""
                return !asked[0].value.contains("trace:id=\"\(id)\"")
            }
            parts.append(all)
        }
        #expect(!parts.isEmpty)
        let ours = try Self.rows(question.completed(rows, with: parts).body)
            .map(Self.withoutPartition)
        #expect(ours.map(\.string) == (try Self.rows(union.body)).map(\.string))
    }

    @Test(
        "a search that judges whole traces finds no more than the union, and says so",
        arguments: differing)
    func differingRows(_ id: String) throws {
        let union = try #require(Recording.union[id])
        let ours = try Self.merged(id)
        let theirs = try SearchAnswer(parsing: union.body)
        #expect(Set(ours.traces.map(\.id)).isSubset(of: theirs.traces.map(\.id)))
        #expect(ours != theirs)
        #expect(try SearchQuestion(union.reader).note != nil)
    }

    @Test("every span has the member's name, once")
    func partition() throws {
        let rows = try Self.merged("search-cross")
        let spans = rows.traces.flatMap(\.spanSets).flatMap(\.spans)
        #expect(spans.count == 3)
        for span in spans {
            let values = (span["attributes"]?.items ?? []).filter { $0["key"]?.text == "project" }
            #expect(values.count == 1)
        }
    }

    @Test("a member's own attribute is shown as the union shows it")
    func exported() throws {
        let union = try #require(Recording.union["search-u-exported"])
        let question = try SearchQuestion(union.reader)
        let pairs = try #require(try question.pairs(to: Recording.labelsB))
        // The request that was made of the member.
        let own = try #require(Recording.memberB["search-own"])
        #expect(pairs[0].value == #"{resource.project = "own-b"} with (most_recent=true)"#)
        let rows = question.merged([
            MemberAnswer(labels: Recording.labelsB, value: try SearchAnswer(parsing: own.body))
        ])
        #expect(
            try Self.rows(rows.body).map(Self.withoutPartition).map(\.string)
                == Self.rows(union.body).map(\.string))
    }

    @Test("rows that the union groups by the partition label are grouped so")
    func grouped() throws {
        let union = try #require(Recording.union["search-u-by"])
        let reader = ParameterReader { $0 == "limit" ? "50" : union.reader.text($0) }
        let rows = try Self.rows(Self.merged("search-spss10", as: SearchQuestion(reader)).body)
        let theirs = try Self.rows(union.body)
        #expect(theirs.count == 3)
        // A trace that both members received is of the first alone in the union's groups.
        let dual = String(repeating: "2", count: 32)
        for row in theirs where row["traceID"]?.text != dual {
            let same = try #require(
                rows.first { $0["traceID"]?.text == row["traceID"]?.text })
            let groups = { (row: JSONValue) in
                (row["spanSets"]?.items ?? []).map { set in
                    "\(set["matched"]?.string ?? "") \(set["attributes"]?.string ?? "")"
                }
            }
            #expect(groups(same) == groups(row))
        }
    }

    @Test("a member's rows, read and written, are what they were")
    func roundTrip() throws {
        for recordings in [Recording.memberA, Recording.memberB, Recording.union] {
            for (id, recording) in recordings
            where recording.path == "/api/search" && recording.status == 200 {
                guard recording.accept == nil else { continue }
                let answer = try SearchAnswer(parsing: recording.body)
                #expect(
                    String(decoding: answer.body, as: UTF8.self) == recording.text,
                    "\(id)")
            }
        }
    }
}
