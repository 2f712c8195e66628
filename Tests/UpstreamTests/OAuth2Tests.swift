import GoText
import HTTPTransport
import PrometheusWire
import ScriptedServers
import Testing
import UpstreamSettings

@testable import Upstream

/// Members whose tokens come from an endpoint of OAuth 2.0.
@Suite struct OAuth2Tests {
    /// Answers with a new token each time: `token-1`, `token-2` and so on.
    private final class Tokens: Sendable {
        let given = LockedValue(0)

        func answer(_ connection: Connection, _ rest: String = #","expires_in":3600"#) -> Bool {
            let number = given.withLock { given in
                given += 1
                return given
            }
            return connection.answer(
                #"{"access_token":"token-\#(number)","token_type":"Bearer"\#(rest)}"#)
        }
    }

    private static func settings(_ url: String) throws -> OAuth2Settings {
        var settings = OAuth2Settings(
            clientID: "gate:way", clientSecret: Secret("s3 cret"),
            tokenURL: try ServerURL(url + "/oauth/token"))
        settings.scopes = ["read", "metrics"]
        settings.endpointParameters = [NamedSecret(name: "audience", value: Secret("https://m"))]
        return settings
    }

    /// A client, the member that it asks, and the endpoint of its tokens.
    private func withTokens(
        _ endpoint: @escaping ScriptedServer.Script,
        member: @escaping ScriptedServer.Script = { _, connection in
            connection.answer(Answers.vector(Answers.one))
        },
        timeout: Duration = .seconds(30),
        _ body: (UpstreamClient, _ member: ScriptedServer, _ endpoint: ScriptedServer) async throws
            ->
            Void
    ) async throws {
        let tokens = try ScriptedServer(endpoint)
        defer { tokens.stop() }
        let settings = try Self.settings(tokens.url)
        try await withClient(
            member,
            source: {
                $0.credentials = .oauth2(settings)
                $0.timeout = timeout
            }
        ) { client, server in try await body(client, server, tokens) }
    }

    private func failure(of client: UpstreamClient) async throws -> UpstreamError {
        let found = await ScriptedServers.failure { () async throws(UpstreamError) in
            try await client.query("up", at: 0).text()
        }
        return try #require(found)
    }

    @Test("A token is asked for as the standard says, and goes with every kind of request")
    func everyRequest() async throws {
        let tokens = Tokens()
        try await withTokens({ _, connection in tokens.answer(connection) }) {
            client, member, endpoint in
            await askEverything(client)
            #expect(Set(member.requests.map(\.path)).count >= 9)
            for request in member.requests {
                #expect(request.header("Authorization") == "Bearer token-1")
            }
            #expect(endpoint.requests.count == 1)
            let asked = try #require(endpoint.requests.first)
            #expect(asked.method == "POST" && asked.target == "/oauth/token")
            #expect(asked.header("Content-Type") == "application/x-www-form-urlencoded")
            #expect(
                asked.body
                    == "grant_type=client_credentials&scope=read%20metrics&audience=https%3A%2F%2Fm"
            )
            // gate%3Away:s3%20cret
            #expect(asked.header("Authorization") == "Basic Z2F0ZSUzQXdheTpzMyUyMGNyZXQ=")
        }
    }

    @Test("Requests that come together share one token, and wait for it")
    func together() async throws {
        let tokens = Tokens()
        try await withTokens({ _, connection in
            connection.pause(milliseconds: 50)
            return tokens.answer(connection)
        }) { client, member, endpoint in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try? await client.query("up", at: 1_500).text() }
                }
            }
            #expect(member.requests.count == 20 && endpoint.requests.count == 1)
        }
    }

    @Test(
        "A token is kept as long as it lives, an hour where it does not say",
        arguments: [
            (#","expires_in":3600"#, 1), (#","expires_in":"3600""#, 1), ("", 1),
            (#","expires_in":null"#, 1), (#","expires_in":1e300"#, 1), (#","expires_in":0"#, 3),
            (#","expires_in":-5"#, 3),
        ])
    func expiry(rest: String, requests: Int) async throws {
        let tokens = Tokens()
        try await withTokens({ _, connection in tokens.answer(connection, rest) }) {
            client, member, endpoint in
            for _ in 0..<3 { _ = try await client.query("up", at: 1_500).text() }
            #expect(endpoint.requests.count == requests)
            #expect(member.requests.last?.header("Authorization") == "Bearer token-\(requests)")
        }
    }

    @Test("A token that the member refuses is replaced, and the request is sent once more")
    func revoked() async throws {
        let tokens = Tokens()
        try await withTokens(
            { _, connection in tokens.answer(connection) },
            member: { request, connection in
                request.header("Authorization") == "Bearer token-1"
                    ? connection.answer("no", status: "401 Unauthorized", type: "text/plain")
                    : connection.answer(Answers.vector(Answers.one))
            }
        ) { client, member, endpoint in
            for _ in 0..<2 {
                let answer = try await client.query("up", at: 1_500).text()
                #expect(answer.elements == Answers.one)
            }
            #expect(
                member.requests.map { $0.header("Authorization") }
                    == ["Bearer token-1", "Bearer token-2", "Bearer token-2"])
            #expect(endpoint.requests.count == 2)
        }
    }

    @Test("A member that refuses every token is asked twice, and its refusal is the answer")
    func refusedByTheMember() async throws {
        let tokens = Tokens()
        try await withTokens(
            { _, connection in tokens.answer(connection) },
            member: { request, connection in
                let token = request.header("Authorization") ?? ""
                return connection.answer(
                    "not with \(token)", status: "401 Unauthorized", type: "text/plain")
            }
        ) { client, member, _ in
            let error = try await failure(of: client)
            #expect(error.kind.text.hasPrefix("HTTP status 401"))
            #expect(!error.description.contains("token-"))
            #expect(member.requests.count == 2)
            #expect(client.health.circuit == .closed)
        }
    }

    @Test("An endpoint that takes the secret in the form alone is asked so from then on")
    func inTheForm() async throws {
        let tokens = Tokens()
        try await withTokens({ request, connection in
            request.body.hasSuffix("&client_id=gate%3Away&client_secret=s3%20cret")
                && request.header("Authorization") == nil
                ? tokens.answer(connection, #","expires_in":0"#)
                : connection.answer(#"{"error":"invalid_client"}"#, status: "401 Unauthorized")
        }) { client, _, endpoint in
            for _ in 0..<2 { _ = try await client.query("up", at: 1_500).text() }
            #expect(endpoint.requests.count == 3)
        }
    }

    @Test(
        "What is no token is an error that names the member and shows no secret",
        arguments: [
            (
                "401 Unauthorized", #"{"error":"invalid_client","error_description":"no s3 cret"}"#,
                "the token endpoint answered HTTP status 401: invalid_client: no <redacted>"
            ),
            ("500 Oops", "broken s3 cret", "the token endpoint answered HTTP status 500"),
            ("302 Found", "", "the token endpoint answered HTTP status 302"),
            (
                "200 OK", "<html>sign in</html>",
                "what the token endpoint answered is no JSON object"
            ),
            ("200 OK", "", "what the token endpoint answered is no JSON object"),
            ("200 OK", "[1]", "what the token endpoint answered is no JSON object"),
            (
                "200 OK", #"{"access_token":"a","x":1} more"#,
                "what the token endpoint answered is no JSON object"
            ),
            ("200 OK", "{}", "the token endpoint answered without an access_token"),
            (
                "200 OK", #"{"access_token":"a\r\nX: y"}"#,
                "the token endpoint answered without an access_token"
            ),
            (
                "200 OK", #"{"access_token":"abc","token_type":"mac"}"#,
                "the token endpoint gave a token that is no bearer token"
            ),
        ])
    func refusals(status: String, body: String, text: String) async throws {
        try await withTokens({ _, connection in
            connection.answer(body, status: status, type: "text/html")
        }) { client, member, _ in
            let error = try await failure(of: client)
            #expect(error.description == #"project "b": OAuth 2.0: "# + text)
            #expect(error.apiError.kind == .unavailable)
            #expect(member.requests.isEmpty)
        }
    }

    @Test("An answer that is too long is not read")
    func tooLong() async throws {
        try await withTokens({ _, connection in
            connection.answer(
                #"{"access_token":"\#(String(repeating: "x", count: OAuth2Tokens.mostBytes))"}"#)
        }) { client, _, _ in
            let error = try await failure(of: client)
            #expect(
                error.description
                    == #"project "b": OAuth 2.0: the token endpoint: the answer is larger than allowed"#
            )
        }
    }

    @Test("An endpoint that never answers costs no more than the member's time")
    func silent() async throws {
        try await withTokens(
            { _, connection in connection.waitForEnd(milliseconds: 60_000) },
            timeout: .milliseconds(200)
        ) { client, member, _ in
            let error = try await failure(of: client)
            #expect(error.member == "b")
            #expect(error.kind == .timeout || error.kind.text.hasPrefix("OAuth 2.0: "))
            #expect(member.requests.isEmpty)
        }
    }

    @Test("An endpoint that failed is left alone for a moment, and the member is not blamed")
    func pause() async throws {
        try await withTokens({ _, connection in
            connection.answer("no", status: "503 Away", type: "text/plain")
        }) { client, _, endpoint in
            for _ in 0..<7 { _ = try await failure(of: client) }
            #expect(endpoint.requests.count < 7)
            #expect(client.health.circuit == .closed && client.health.failures == 0)
        }
    }

    @Test("The endpoint is asked through the member's proxy")
    func proxy() async throws {
        let tokens = Tokens()
        try await withTransport({ request, connection in
            request.target.hasPrefix("http://tokens.invalid/")
                ? tokens.answer(connection) : connection.answer(Answers.vector(Answers.one))
        }) { transport, proxy in
            var source = PrometheusSource(url: try ServerURL("http://member.invalid"))
            source.proxy = try ServerURL(proxy.url)
            source.credentials = .oauth2(try Self.settings("http://tokens.invalid"))
            let client = UpstreamClient(
                UpstreamConfiguration(name: "b", source: .prometheus(source)),
                transport: transport)
            #expect(try await client.query("up", at: 1_500).text().elements == Answers.one)
            #expect(proxy.requests.first?.target == "http://tokens.invalid/oauth/token")
        }
    }

    @Test("Clients that pass on header fields share the token")
    func shared() async throws {
        let tokens = Tokens()
        try await withTokens({ _, connection in tokens.answer(connection) }) {
            client, member, endpoint in
            var configuration = client.configuration
            guard case .prometheus(var source) = configuration.source else { return }
            source.forwardHeaders = ["X-Scope-OrgID"]
            configuration.source = .prometheus(source)
            let other = UpstreamClient(configuration, transport: client.transport)
            for tenant in ["a", "b"] {
                _ = try await other.forwarding { _ in [tenant] }.query("up", at: 1_500).text()
            }
            #expect(member.requests.count == 2 && endpoint.requests.count == 1)
        }
    }
}
