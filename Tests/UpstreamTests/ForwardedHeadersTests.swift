import GoText
import PrometheusWire
import ScriptedServers
import Testing
import UpstreamSettings

@testable import Upstream

/// Header fields of a client that a member is sent.
@Suite struct ForwardedHeadersTests {
    private static func set(_ source: inout PrometheusSource) {
        source.forwardHeaders = ["X-Scope-OrgID", "X-Id-Token"]
    }

    private static func headers(_ fields: [String: [String]]) -> (String) -> [String] {
        { name in fields.first { $0.key.lowercased() == name.lowercased() }?.value ?? [] }
    }

    @Test("Every kind of request carries those that are named, and no others")
    func everyRequest() async throws {
        try await withClient(
            { _, connection in connection.answer(#"{"status":"success","data":[]}"#) },
            source: Self.set
        ) { client, server in
            let passing = try client.forwarding(
                Self.headers([
                    "x-scope-orgid": ["tenant-a"], "X-Id-Token": ["one", "two"],
                    "Cookie": ["session"],
                ]))
            await askEverything(passing)
            let seen = server.requests
            #expect(Set(seen.map(\.path)).count >= 9)
            for request in seen {
                #expect(request.header("X-Scope-OrgID") == "tenant-a")
                let tokens = request.headers.filter { $0.name.lowercased() == "x-id-token" }
                #expect(tokens.map(\.value) == ["one", "two"])
                #expect(request.header("Cookie") == nil)
            }
        }
    }

    @Test("Without any of them the client is the member's own, and sends none")
    func none() async throws {
        try await withClient(
            { _, connection in connection.answer(#"{"status":"success","data":[]}"#) },
            source: Self.set
        ) { client, server in
            let passing = try client.forwarding(Self.headers(["Cookie": ["session"]]))
            #expect(passing === client)
            await askEverything(passing)
            #expect(server.requests.allSatisfy { $0.header("X-Scope-OrgID") == nil })
        }
    }

    @Test("Equal values have the same client; others have another identity of the same member")
    func identities() async throws {
        try await withClient({ _, connection in connection.answer("{}") }, source: Self.set) {
            client, _ in
            let a = try client.forwarding(Self.headers(["X-Scope-OrgID": ["a"]]))
            let again = try client.forwarding(Self.headers(["X-Scope-OrgID": ["a"]]))
            let others = [
                client, a,
                try client.forwarding(Self.headers(["X-Scope-OrgID": ["b"]])),
                try client.forwarding(Self.headers(["X-Scope-OrgID": [""]])),
                try client.forwarding(Self.headers(["X-Scope-OrgID": ["a", "a"]])),
                try client.forwarding(Self.headers(["X-Id-Token": ["a"]])),
            ]
            #expect(a === again)
            #expect(Set(others.map(\.identity)).count == others.count)
            #expect(Set(others.map(\.identity.client)).count == 1)
        }
    }

    @Test("What a member tells one is not taken for what it tells another")
    func learnedApart() async throws {
        try await withClient(
            { request, connection in
                let version = request.header("X-Scope-OrgID") == "old" ? "2.40.0" : "3.5.0"
                return connection.answer(
                    #"{"status":"success","data":{"version":"\#(version)"}}"#)
            }, source: Self.set
        ) { client, server in
            let old = try client.forwarding(Self.headers(["X-Scope-OrgID": ["old"]]))
            let new = try client.forwarding(Self.headers(["X-Scope-OrgID": ["new"]]))
            #expect(await old.capabilities().version == "2.40.0")
            #expect(await new.capabilities().version == "3.5.0")
            #expect(await client.capabilities().version == "3.5.0")
            #expect(server.requests.count == 3)
            #expect(Set(server.requests.map(\.connection)).count == 3)
        }
    }

    @Test("Failures of one keep no other from asking, and are not told to it")
    func failuresApart() async throws {
        try await withClient(
            { request, connection in
                request.header("X-Scope-OrgID") == "bad"
                    ? connection.answer(
                        "broken for bad-one", status: "500 Oops", type: "text/plain")
                    : connection.answer(Answers.vector(Answers.one))
            }, source: Self.set
        ) { client, _ in
            let bad = try client.forwarding(Self.headers(["X-Scope-OrgID": ["bad"]]))
            let good = try client.forwarding(Self.headers(["X-Scope-OrgID": ["good"]]))
            for _ in 0..<6 { _ = try? await bad.query("up", at: 0) }
            #expect(bad.isResting && !good.isResting && !client.isResting)
            #expect(try await good.query("up", at: 1_500).text().elements == Answers.one)
            #expect(bad.lastFailure?.contains("broken") == true && good.lastFailure == nil)
            // Those who look after the member see all of it.
            #expect(client.health.failures == 5 && client.health.requests == 6)
        }
    }

    @Test("What a member repeats of the values is left out of errors")
    func redacted() async throws {
        try await withClient(
            { _, connection in
                connection.answer(
                    #"{"status":"error","errorType":"bad_data","error":"no id-t0ken here"}"#,
                    status: "400 Bad Request")
            }, source: Self.set
        ) { client, _ in
            let passing = try client.forwarding(Self.headers(["X-Id-Token": ["id-t0ken"]]))
            let found = await failure { () async throws(UpstreamError) in
                try await passing.query("up", at: 0).text()
            }
            let text = try #require(found?.description)
            #expect(text.contains("<redacted>") && !text.contains("t0ken"))
        }
    }

    @Test("Fields that are too long are refused with their name")
    func bounded() async throws {
        try await withClient({ _, connection in connection.answer("{}") }, source: Self.set) {
            client, _ in
            let long = String(repeating: "x", count: 8 << 10)
            #expect(
                throws: APIError.badData(
                    "header X-Id-Token: more than 8192 bytes of header fields would be passed on to "
                        + #"project "b""#)
            ) { try client.forwarding(Self.headers(["X-Id-Token": [long]])) }
        }
    }

    @Test("Of so many clients those are dropped that were not used for the longest time")
    func dropped() async throws {
        try await withClient({ _, connection in connection.answer("{}") }, source: Self.set) {
            client, _ in
            func passing(_ value: Int) throws -> UpstreamClient {
                try client.forwarding(Self.headers(["X-Scope-OrgID": ["\(value)"]]))
            }
            let (first, second) = (try passing(0), try passing(1))
            for value in 2..<ForwardingClients.most { _ = try passing(value) }
            #expect(try passing(0) === first)
            _ = try passing(ForwardingClients.most)
            #expect(try passing(0) === first)
            let again = try passing(1)
            #expect(again !== second && again.identity == second.identity)
        }
    }
}
