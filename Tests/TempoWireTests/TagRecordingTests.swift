import PrometheusWire
import Testing
import TimeSeries

@testable import TempoWire

@Suite("Names and values of attributes of real members make those of their union")
struct TagRecordingTests {
    static let lists = [
        "tags-v1", "tags-v1-scope", "tags-v2", "tags-v2-resource", "tags-v2-span",
        "tags-v2-intrinsic", "tags-v2-event", "tags-v2-link", "tags-v2-instrumentation",
        "tags-v2-none", "tags-v2-q", "tags-v2-badq", "tags-v2-old",
    ]

    @Test("names are the union's, in each scope", arguments: lists)
    func names(_ id: String) throws {
        let union = try #require(Recording.union[id])
        let version: TraceVersion = id.hasPrefix("tags-v1") ? .v1 : .v2
        let question = try TagsQuestion(union.reader, version: version)
        // Members are asked in the second version.
        let asked = id == "tags-v1" ? "tags-v2" : id == "tags-v1-scope" ? "tags-v2-resource" : id
        let a = try #require(Recording.memberA[asked])
        let b = try #require(Recording.memberB[asked])
        let body = question.body([
            MemberAnswer(labels: Recording.labelsA, value: try TagsAnswer(parsing: a.body)),
            MemberAnswer(labels: Recording.labelsB, value: try TagsAnswer(parsing: b.body)),
        ])
        let ours = try JSONValue(parsing: body).canonical
        let theirs = try JSONValue(parsing: union.body).canonical
        #expect(ours.string == theirs.string)
    }

    @Test("a limit cuts each scope but the intrinsics")
    func limit() throws {
        let union = try #require(Recording.union["tags-v2-limit"])
        let question = try TagsQuestion(union.reader, version: .v2)
        let a = try TagsAnswer(parsing: try #require(Recording.memberA["tags-v2-limit"]).body)
        let body = question.body([MemberAnswer(labels: Recording.labelsA, value: a)])
        for scope in try JSONValue(parsing: body)["scopes"]?.items ?? [] {
            let count = scope["tags"]?.items.count ?? 0
            #expect(scope["name"]?.text == "intrinsic" ? count > 20 : count <= 2)
        }
    }

    static let valueLists = Recording.union.keys.filter {
        $0.hasPrefix("values-") && Recording.union[$0]?.status == 200
    }.sorted()

    /// What a member answers at a path, from the recordings.
    private func answer(
        _ path: String, _ recordings: [String: Recording], like id: String
    ) throws -> TagValuesAnswer {
        let tag = TagValuesQuestion.decoded(
            String(path.split(separator: "/").dropLast().last ?? ""))
        let version = path.hasPrefix("/api/v2") ? "v2" : "v1"
        // The same request where it was made, else the one for that attribute.
        let plain = "values-\(version)-" + tag.map { $0 == "." ? "_" : String($0) }.joined()
        if let recording = recordings[plain], recording.status == 200 {
            return try TagValuesAnswer(parsing: recording.body)
        }
        // An attribute that nobody has.
        guard tag.hasPrefix("span.") || tag.hasPrefix("resource.") else {
            return try TagValuesAnswer(parsing: try #require(recordings[id]).body)
        }
        return try TagValuesAnswer(parsing: Array(#"{"tagValues":[]}"#.utf8))
    }

    @Test("values are the union's", arguments: valueLists)
    func values(_ id: String) throws {
        // The first values that are found, and a filter that chooses blocks.
        if id.hasSuffix("-limit") || id.hasSuffix("-q") || id.hasSuffix("-badq") { return }
        let union = try #require(Recording.union[id])
        let version: TraceVersion = id.hasPrefix("values-v1") ? .v1 : .v2
        let parts = union.path.split(separator: "/")
        let question = try TagValuesQuestion(
            tag: TagValuesQuestion.decoded(String(parts[parts.count - 2])), union.reader,
            version: version)
        var answers: [MemberAnswer<[TagValuesAnswer]>] = []
        for (labels, recordings) in [
            (Recording.labelsA, Recording.memberA), (Recording.labelsB, Recording.memberB),
        ] {
            let requests = try #require(try question.requests(to: labels))
            answers.append(
                MemberAnswer(
                    labels: labels,
                    value: try requests.paths.map { try answer($0, recordings, like: id) }))
        }
        let ours = try JSONValue(parsing: question.body(answers)).canonical
        let theirs = try JSONValue(parsing: union.body).canonical
        #expect(ours.string == theirs.string)
    }

    @Test("the member's name is a value without a request, if its spans can match")
    func partition() throws {
        let question = try TagValuesQuestion(
            tag: "resource.project",
            ParameterReader { $0 == "q" ? #"{resource.project="prod-b"}"# : nil }, version: .v2)
        #expect(try question.requests(to: Recording.labelsA) == nil)
        #expect(try #require(try question.requests(to: Recording.labelsB)).paths == [])
        let body = question.body([MemberAnswer(labels: Recording.labelsB, value: [])])
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"tagValues":[{"type":"string","value":"prod-b"}],"metrics":{}}"#)
    }
}
