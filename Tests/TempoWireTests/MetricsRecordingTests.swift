import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import TempoWire

@Suite("Series of real members make the series of their union")
struct MetricsRecordingTests {
    private static let now = Timestamp(milliseconds: 1_795_739_600_000)

    static func question(_ recording: Recording) throws -> TraceMetricsQuestion {
        try TraceMetricsQuestion(
            recording.reader, isRange: recording.path.hasSuffix("query_range"), now: now)
    }

    /// The union's answer, and what the members answered to another request that is the one they are
    /// asked.
    static let equal: [String: String] = [
        "rate": "rate", "rate-by": "rate-by", "count": "count", "count-all": "count-all",
        "min": "min", "max": "max", "histogram": "histogram", "topk": "rate-by",
        "bottomk": "rate-by", "by-status": "by-status", "by-kind": "by-kind",
        "by-missing": "by-missing", "empty": "empty", "cmp": "rate-by", "dual": "dual",
        "conflict": "conflict", "step-num": "step-num", "off": "off", "ns": "ns",
        "step-default": "step-default", "noexemplars": "noexemplars",
        "u-by-project": "rate",
    ]

    /// Values that are added in another order differ in their last digits.
    static func rounded(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): .array(items.map(rounded))
        case .object(let pairs): .object(pairs.map { ($0.key, rounded($0.value)) })
        case .number(let digits):
            GoFloat.parse(digits).map { .number(GoFloat.general($0, digits: 12)) } ?? value
        default: value
        }
    }

    static func answers(_ id: String, _ prefix: String) throws -> [MemberAnswer<TraceMetricsAnswer>]
    {
        try [(Recording.labelsA, Recording.memberA), (Recording.labelsB, Recording.memberB)].map {
            let recording = try #require($1["\(prefix)-\(id)"])
            return MemberAnswer(
                labels: $0, value: try TraceMetricsAnswer(parsing: recording.body))
        }
    }

    @Test("ranges", arguments: equal.keys.sorted())
    func ranges(_ id: String) throws { try compare(id, "mrange") }

    @Test("instants", arguments: equal.keys.sorted())
    func instants(_ id: String) throws { try compare(id, "minst") }

    private func compare(_ id: String, _ prefix: String) throws {
        let union = try #require(Recording.union["\(prefix)-\(id)"])
        let question = try Self.question(union)
        try question.check(Recording.partition, members: 2)
        let merged = question.merged(try Self.answers(Self.equal[id] ?? id, prefix))
        let ours = Self.rounded(try JSONValue(parsing: merged.body).canonical)
        let theirs = Self.rounded(try JSONValue(parsing: union.body).canonical)
        // Exemplars name the attributes of the query, the gateway's too; comparisons drop them.
        func withoutExemplars(_ document: JSONValue) -> JSONValue {
            .array(
                (document["series"]?.items ?? []).map { series in
                    guard case .object(let pairs) = series else { return series }
                    return .object(pairs.filter { $0.key != "exemplars" })
                })
        }
        #expect(withoutExemplars(ours).string == withoutExemplars(theirs).string)
        // Of a trace that crosses members, the union has an exemplar of one span, and of another.
        let added = Set(exemplars(ours)).subtracting(exemplars(theirs))
        #expect(Set(exemplars(theirs)).isSubset(of: exemplars(ours)))
        let cross = ["102030405060708090a0b0c0d0e0f10", "66666666666666666666666666666666"]
        #expect(added.allSatisfy { one in cross.contains { one.contains($0) } })
    }

    @Test("sums add up", arguments: ["mrange", "minst"])
    func sums(_ prefix: String) throws {
        // The recorded union's own sums are those of one member: its Tempo gives the last value of a
        // step, as the spans that were recorded show.
        let question = try Self.question(try #require(Recording.union["\(prefix)-sum"]))
        let answers = try Self.answers("sum", prefix)
        let merged = question.merged(answers)
        for series in merged.series {
            let own = answers.compactMap { answer in
                answer.value.series.first { $0.labels == series.labels }
            }
            let total = own.reduce(0) { $0 + ($1.value ?? 0) }
            #expect(series.value ?? 0 == total)
            for sample in series.samples {
                let values = own.compactMap { one in
                    one.samples.first { $0.milliseconds == sample.milliseconds }?.value
                }
                #expect(sample.value == values.reduce(0, +))
            }
        }
        #expect(!merged.series.isEmpty)
    }

    /// Trace, time and value of each.
    private func exemplars(_ document: JSONValue) -> [String] {
        (document["series"]?.items ?? []).flatMap { $0["exemplars"]?.items ?? [] }.map { exemplar in
            let trace = exemplar["labels"]?.items.first { $0["key"]?.text == "trace:id" }
            return "\(trace?["value"]?.string ?? "") \(exemplar["timestampMs"]?.text ?? "") "
                + (exemplar["value"]?.string ?? "")
        }
    }

    @Test("a member's series, read and written, are what they were")
    func roundTrip() throws {
        for recordings in [Recording.memberA, Recording.memberB, Recording.union] {
            for (id, recording) in recordings
            where recording.path.hasPrefix("/api/metrics") && recording.status == 200 {
                let answer = try TraceMetricsAnswer(parsing: recording.body)
                // Empty lists are there or not.
                let theirs = recording.text.replacing(#","exemplars":[]"#, with: "")
                    .replacing(#"{"metrics""#, with: #"{"series":[],"metrics""#)
                #expect(String(decoding: answer.body, as: UTF8.self) == theirs, "\(id)")
            }
        }
    }

    @Test(
        "what needs all spans in one place is refused, and answered by member",
        arguments: [
            "mrange-avg", "minst-avg", "mrange-quantile", "mrange-compare", "minst-compare",
        ])
    func refused(_ id: String) throws {
        let question = try Self.question(try #require(Recording.union[id]))
        let error = #expect(throws: TempoError.self) {
            try question.check(Recording.partition, members: 2)
        }
        #expect(error?.status == 422)
        try question.check(Recording.partition, members: 1)
    }

    @Test("a quantile that is grouped by member is answered")
    func quantileByMember() throws {
        let question = try Self.question(try #require(Recording.union["mrange-u-quantile"]))
        try question.check(Recording.partition, members: 2)
        #expect(question.missingEffect(Recording.partition) == .subset)
        let pairs = try #require(try question.pairs(to: Recording.labelsA))
        #expect(pairs[0].value == "{} | quantile_over_time(duration, .9)")
    }

    @Test("a query that matches nobody is answered as one that matches nothing")
    func nobody() throws {
        for prefix in ["mrange", "minst"] {
            let union = try #require(Recording.union["\(prefix)-empty"])
            let question = try Self.question(union)
            let theirs = try JSONValue(parsing: union.body)["series"]
            let ours = try JSONValue(parsing: question.merged([]).body)["series"]
            #expect(ours?.string == theirs?.string)
        }
    }
}
