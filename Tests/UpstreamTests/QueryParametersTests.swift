import GoText
import PrometheusWire
import ScriptedServers
import Testing
import Upstream
import UpstreamSettings

/// Parameters that are set for a member.
@Suite struct QueryParametersTests {
    private static func set(_ source: inout PrometheusSource) {
        source.queryParameters = [
            NamedSecret(name: "dedup", value: Secret("1")),
            NamedSecret(name: "tenant", value: Secret("s3 c&é=t")),
        ]
    }

    private static let sent = "dedup=1&tenant=s3%20c%26%C3%A9%3Dt"

    @Test("Every kind of request carries them in its URL, beside its own")
    func everyRequest() async throws {
        try await withClient(
            { _, connection in
                connection.answer(#"{"status":"success","data":[]}"#)
            }, source: Self.set
        ) { client, server in
            await askEverything(client)
            let seen = server.requests
            #expect(Set(seen.map(\.path)).count >= 9)
            for request in seen {
                let query = request.target.drop { $0 != "?" }.dropFirst()
                #expect(query == Self.sent || query.hasSuffix("&" + Self.sent), "\(request.target)")
                #expect(!request.body.contains("tenant"))
            }
            let query = try #require(seen.first { $0.path.hasSuffix("/query") })
            #expect(query.method == "POST" && query.body.hasPrefix("query=up&time=0"))
            #expect(
                seen.contains { $0.target == "/prefix/api/v1/metadata?metric=up&\(Self.sent)" })
        }
    }

    @Test("They are there too where forms are refused and everything is in the URL")
    func asQueries() async throws {
        try await withClient(
            { request, connection in
                request.method == "POST"
                    ? connection.answer("no", status: "405 Method Not Allowed", type: "text/plain")
                    : connection.answer(Answers.vector(Answers.one))
            }, source: Self.set
        ) { client, server in
            let answer = try await client.query("up", at: 1_500).text()
            #expect(answer.elements == Answers.one)
            let target = try #require(server.requests.last?.target)
            #expect(
                target.hasPrefix("/prefix/api/v1/query?query=up&time=1.500&\(Self.sent)&timeout="))
        }
    }

    @Test("What a member repeats of their values is left out of errors, as it was sent too")
    func redacted() async throws {
        for echo in ["tenant s3 c&é=t is unknown", "no s3%20c%26%C3%A9%3Dt here"] {
            try await withClient(
                { _, connection in
                    connection.answer(
                        #"{"status":"error","errorType":"bad_data","error":"\#(echo)"}"#,
                        status: "400 Bad Request")
                }, source: Self.set
            ) { client, _ in
                let found = await failure { () async throws(UpstreamError) in
                    try await client.query("up", at: 0).text()
                }
                let text = try #require(found?.description)
                #expect(text.contains("<redacted>") && !text.contains("s3"))
            }
        }
    }
}
