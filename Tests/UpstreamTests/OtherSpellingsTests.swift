import GoText
import PrometheusWire
import ScriptedServers
import Testing

@testable import Upstream

/// Answers that are written otherwise than Prometheus writes them, read by the client.
@Suite struct OtherSpellingsTests {
    private static let mark = "\u{FEFF}"

    @Test func `A byte order mark is passed over in answers of every kind`() async throws {
        try await withClient { request, connection in
            if request.path.hasSuffix("/query") {
                return connection.answer(Self.mark + Answers.vector(Answers.one))
            }
            if request.path.hasSuffix("/labels") {
                return connection.answer(Self.mark + #"{"status":"success","data":["a"]}"#)
            }
            return connection.answer(
                Self.mark + #"{"status":"error","errorType":"bad_data","error":"no"}"#,
                status: "400 Bad Request")
        } _: { client, _ in
            let vector = try await client.query("up", at: 1_500).text()
            #expect(vector.elements == Answers.one)
            let labels = try await client.labels()
            #expect(labels.elements.text == #""a""#)
            let refusal = await failure { () async throws(UpstreamError) in
                try await client.metadata()
            }
            #expect(
                refusal?.kind == .rejectedQuery(status: 400, errorType: "bad_data", text: "no"))
        }
    }

    @Test(arguments: [
        (#"{"status":"success","isPartial":true,"data":["a"]}"#, [], true),
        (#"{"isPartial":true,"status":"success","data":["a"],"warnings":"w"}"#, ["w"], true),
        (
            #"{"status":"success","data":["a"],"isPartial":true,"warnings":["w",1]}"#, ["w", "1"],
            true
        ),
        (#"{"data":["a"],"status":"success","warnings":null}"#, [], false),
        (#"{"trace":{"a":[{}]},"error":null,"status":"success","data":["a"]}"#, [], false),
    ])
    func `Lists are read whatever stands around them`(
        body: String, warnings: [String], isPartial: Bool
    ) async throws {
        try await withClient { _, connection in
            connection.answer(body)
        } _: { client, _ in
            let list = try await client.labels()
            #expect(list.elements.text == #""a""# && list.warnings == warnings)
            #expect((list.partiality != nil) == isPartial)
        }
    }

    @Test(arguments: [
        #"{"data":["a"],"status":"error","errorType":"execution","error":"no"}"#,
        #"{"data":["a"]}"#, #"{"status":"success","data":["a"],"data":["b"]}"#,
    ])
    func `A list without success behind it is none`(body: String) async throws {
        try await withClient { _, connection in
            connection.answer(body)
        } _: { client, _ in
            let found = await failure { () async throws(UpstreamError) in
                try await client.labels()
            }
            #expect(found != nil)
        }
    }

    @Test func `A VictoriaMetrics is known by its build information, and has the newer windows`()
        async throws
    {
        try await withClient { request, connection in
            request.path.hasSuffix("/buildinfo")
                ? connection.answer(#"{"status":"success","data":{"version":"2.24.0"}}"#)
                : connection.answer(Answers.vector(Answers.one))
        } _: { client, server in
            let known = await client.capabilities()
            #expect(known.application == "VictoriaMetrics" && known.rangeBoundary == .leftOpen)
            _ = try await client.query("up", at: 1_500).text()
            #expect(server.requests.count == 2)
            #expect(server.requests[1].body.contains("&nocache=1&latency_offset=1ms"))
        }
    }

    @Test func `An instant query answered at another time is none`() async throws {
        try await withClient { _, connection in
            connection.answer(Answers.vector(Answers.one))
        } _: { client, _ in
            let found = await failure { () async throws(UpstreamError) in
                try await client.query("up", at: 2_000).text()
            }
            guard case .ownGrid(let text)? = found?.kind else {
                Issue.record("\(String(describing: found))")
                return
            }
            #expect(text == "it answers at a time of its own (1.500 instead of 2)")
        }
    }
}
