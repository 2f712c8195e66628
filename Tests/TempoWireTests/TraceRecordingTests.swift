import Foundation
import PrometheusWire
import Testing
import TimeSeries

@testable import TempoWire

@Suite("Traces of real members make the trace of their union")
struct TraceRecordingTests {
    static let traces = [
        "trace-cross", "trace-dual", "trace-conflict", "trace-padded", "trace-padded-short",
        "trace-padded-upper", "trace-ownproject", "trace-split", "trace-one", "trace-notfound",
        "trace-odd",
    ]
    private static let members = [
        (labels: Recording.labelsA, recordings: Recording.memberA),
        (labels: Recording.labelsB, recordings: Recording.memberB),
    ]

    /// What members answered to the second version, merged.
    static func merged(_ trace: String, version: TraceVersion = .v2) throws -> MergedTrace {
        var answers: [MemberAnswer<TraceAnswer>] = []
        for member in members {
            let id = "\(trace)-\(version == .v1 ? "v1" : "v2")-proto"
            let recording = try #require(member.recordings[id])
            guard recording.status == 200 else { continue }
            let answer = try TraceAnswer(recording.body, version: version)
            if !answer.isEmpty {
                answers.append(MemberAnswer(labels: member.labels, value: answer))
            }
        }
        return MergedTrace(answers, maximumBytes: 1 << 20)
    }

    /// Resources in the order of their texts.
    static func sortedResources(_ bytes: [UInt8]) throws -> JSONValue {
        let document = try JSONValue(parsing: bytes).canonical
        if let trace = document["trace"] {
            return trace.changing("resourceSpans") { $0.sorted }
        }
        return document.changing("batches") { $0.sorted }
    }

    @Test(
        "the JSON of both versions is the union's",
        arguments: traces, [TraceVersion.v1, .v2])
    func json(_ trace: String, _ version: TraceVersion) throws {
        let id = "\(trace)-\(version == .v1 ? "v1" : "v2")-json"
        let union = try #require(Recording.union[id])
        let merged = try Self.merged(trace, version: version)
        guard union.status == 200 else {
            #expect(union.status == 404 && merged.isEmpty)
            return
        }
        let ours = try Self.sortedResources(try merged.body(version: version, protobuf: false))
        var theirs = try Self.sortedResources(union.body)
        switch trace {
        case "trace-cross":
            // The server's span, which shares its id with the client's, has another id in the union.
            let renumbered = theirs.string
                .replacingOccurrences(of: "AAAAAAAAAAE=", with: "wAAAAAAAAAE=")
            theirs = try Self.sortedResources(Array(renumbered.utf8))
            #expect(merged.conflictingSpans == 0)
        case "trace-dual":
            // Both members received the same spans. The union shows them twice.
            #expect(spans(theirs).count == 2 * spans(ours).count)
            #expect(merged.conflictingSpans == 0)
            return
        case "trace-conflict":
            #expect(spans(theirs).count == spans(ours).count + 1)
            #expect(merged.conflictingSpans == 1)
            return
        default: break
        }
        #expect(ours.string == theirs.string)
    }

    private func spans(_ trace: JSONValue) -> [JSONValue] {
        (trace["resourceSpans"] ?? trace["batches"])?.items
            .flatMap { $0["scopeSpans"]?.items ?? [] }.flatMap { $0["spans"]?.items ?? [] } ?? []
    }

    @Test(
        "what one member has, shown as it shows it, is its own bytes in both encodings",
        arguments: traces, [TraceVersion.v1, .v2])
    func identity(_ trace: String, _ version: TraceVersion) throws {
        let name = version == .v1 ? "v1" : "v2"
        for recordings in [Recording.memberA, Recording.memberB, Recording.union] {
            let protobuf = try #require(recordings["\(trace)-\(name)-proto"])
            let json = try #require(recordings["\(trace)-\(name)-json"])
            guard protobuf.status == 200 else { continue }
            let merged = MergedTrace(
                [
                    MemberAnswer(
                        labels: .none, value: try TraceAnswer(protobuf.body, version: version))
                ], maximumBytes: 1 << 20)
            #expect(try merged.body(version: version, protobuf: true) == protobuf.body)
            let ours = try merged.body(version: version, protobuf: false)
            // What reading it cost differs from request to request.
            #expect(
                String(decoding: ours, as: UTF8.self).split(separator: ",\"metrics\"").first
                    == json.text.split(separator: ",\"metrics\"").first)
        }
    }

    @Test("the protobuf of both versions has every span with the member's name")
    func protobuf() throws {
        let v2 = try Self.merged("trace-cross").body(version: .v2, protobuf: true)
        let read = try TraceAnswer(v2, version: .v2)
        #expect(read.spans.count == 7)
        let v1 = try Self.merged("trace-cross").body(version: .v1, protobuf: true)
        #expect(try TraceAnswer(v1, version: .v1).spans.count == 7)
        let again = MergedTrace([MemberAnswer(labels: .none, value: read)], maximumBytes: 1 << 20)
        #expect(try again.body(version: .v2, protobuf: true) == v2)
    }

    @Test("a span that differs is said in the message of the second version, which is no error")
    func conflict() throws {
        let document = try JSONValue(
            parsing: try Self.merged("trace-conflict").body(version: .v2, protobuf: false))
        #expect(
            document["message"]?.text
                == "1 spans differ between members: the first member's are shown")
        #expect(document["status"] == nil)
    }

    @Test("nobody's trace is what Tempo answers to an unknown id")
    func unknown() throws {
        let merged = MergedTrace([], maximumBytes: 1 << 20)
        #expect(merged.isEmpty)
        #expect(
            try merged.body(version: .v2, protobuf: true)
                == Recording.union["trace-notfound-v2-proto"]?.body)
        #expect(
            try merged.body(version: .v2, protobuf: false)
                == Recording.union["trace-notfound-v2-json"]?.body)
    }
}
