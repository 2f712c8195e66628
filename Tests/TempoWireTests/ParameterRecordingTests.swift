import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import TempoWire

@Suite("Refusals are Tempo's")
struct ParameterRecordingTests {
    private static let now = Timestamp(milliseconds: 1_795_739_600_000)

    /// What is refused before a member is asked; nil where it is not.
    private func refusal(_ recording: Recording) -> TempoError? {
        let id = recording.path.split(separator: "/").last.map(String.init) ?? ""
        do throws(TempoError) {
            switch recording.path {
            case "/api/traces/\(id)", "/api/v2/traces/\(id)":
                _ = try TraceQuestion(id: id, recording.reader)
            case "/api/search": _ = try SearchQuestion(recording.reader)
            case "/api/search/tags": _ = try TagsQuestion(recording.reader, version: .v1)
            case "/api/v2/search/tags":
                _ = try TagsQuestion(recording.reader, version: .v2)
            case "/api/metrics/query_range":
                _ = try TraceMetricsQuestion(recording.reader, isRange: true, now: Self.now)
            case "/api/metrics/query":
                _ = try TraceMetricsQuestion(recording.reader, isRange: false, now: Self.now)
            default: return nil
            }
            return nil
        } catch { return error }
    }

    /// Refusals that are the member's to say, for they need all of TraceQL, or know the server.
    private static let membersRefuse: Set = [
        "search-err-parse2", "mrange-toomany", "values-v2-service_name", "values-v2-project",
        "values-v2-nosuch", "values-v2-twice", "unknown", "unknown-root", "overrides",
        "mrange-post",
    ]

    @Test("what a real Tempo refuses is refused in its words, and nothing else is")
    func refusals() {
        var refused = 0
        for (id, recording) in Recording.union.sorted(by: { $0.key < $1.key }) {
            let error = refusal(recording)
            let isNotFound = recording.status == 404
            guard recording.status >= 400, !isNotFound, !Self.membersRefuse.contains(id),
                !id.hasPrefix("no-tenant")
            else {
                if !id.hasPrefix("search-err"), id != "mrange-post" {
                    #expect(error == nil, "\(id)")
                }
                continue
            }
            refused += 1
            #expect(error?.text == recording.text, "\(id)")
            #expect(error?.status == recording.status, "\(id)")
        }
        #expect(refused > 30)
    }

    @Test("an id is padded, of either case, and at most 128 bits")
    func ids() throws {
        #expect(try TraceID("A4").hexadecimal == String(repeating: "0", count: 30) + "a4")
        #expect(
            try TraceID("0102030405060708090a0b0c0d0e0f10")
                == TraceID("102030405060708090A0B0C0D0E0F10"))
        #expect(throws: TempoError.self) { try TraceID(String(repeating: "1", count: 33)) }
        #expect(throws: TempoError.self) { try TraceID("é1") }
    }

    @Test("a tag's name is decoded once more where a client encoded it twice")
    func twiceEncoded() {
        #expect(TagValuesQuestion.decoded("resource%2Eservice%2ename") == "resource.service.name")
        #expect(TagValuesQuestion.decoded("100%") == "100%")
        #expect(TagValuesQuestion.decoded("%zz%+1%2") == "%zz%+1%2")
        #expect(TagValuesQuestion.decoded("span.%C3%A9") == "span.é")
    }

    @Test("tags are logfmt")
    func tags() throws {
        let tags = try SearchTags(#"a=b c="d e" f g="\"\n""#)
        #expect(tags.pairs.map { $0.key } == ["a", "c", "f", "g"])
        #expect(tags.pairs.map { $0.value } == ["b", "d e", "", "\"\n"])
        #expect(try SearchTags(tags.text) == tags)
        #expect(throws: TempoError.badRequest("invalid tags: tag a has been set twice")) {
            try SearchTags("a=1 a=2")
        }
        #expect(throws: TempoError.self) { try SearchTags("=b") }
        #expect(throws: TempoError.self) { try SearchTags("a=b=c") }
    }

    @Test("lengths of time are Go's")
    func durations() throws {
        #expect(try GoDuration.nanoseconds("1h10m0.5s") == 4_200_500_000_000)
        #expect(try GoDuration.nanoseconds("-10ms") == -1e7)
        #expect(try GoDuration.nanoseconds("0") == 0)
        for text in ["", "1", "ms", "1x", "1.2.3s", ".s"] {
            #expect(throws: TempoError.self, "\(text)") { try GoDuration.nanoseconds(text) }
        }
    }

    @Test("clients that ask for protobuf get it, all others JSON")
    func encodings() {
        #expect(TempoConstants.wantsProtobuf(accept: "application/protobuf"))
        #expect(TempoConstants.wantsProtobuf(accept: "text/html, application/protobuf;q=0.9"))
        #expect(!TempoConstants.wantsProtobuf(accept: "application/json"))
        #expect(!TempoConstants.wantsProtobuf(accept: "application/vnd.grafana.llm"))
        #expect(!TempoConstants.wantsProtobuf(accept: nil))
    }
}
