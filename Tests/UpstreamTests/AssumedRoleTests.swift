import GoText
import HTTPTransport
import PrometheusWire
import ScriptedServers
import Testing
import UpstreamSettings

@testable import Upstream

/// Members whose requests are signed by the keys of a role, which STS gives.
@Suite struct AssumedRoleTests {
    private static let ownSecret = "wJalr/XUtn+FEMI:K7"

    /// Gives new keys each time: `ASIA1` with `secret/1` and `session/1==`, and so on.
    private final class Keys: Sendable {
        let given = LockedValue(0)

        func answer(_ connection: Connection, seconds: Int64 = 3600) -> Bool {
            let number = given.withLock { given in
                given += 1
                return given
            }
            return connection.answer(Self.text(number, seconds: seconds), type: "text/xml")
        }

        static func text(_ number: Int, seconds: Int64 = 3600) -> String {
            let end = WallClock.now().milliseconds + seconds * 1000
            return """
                <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                  <AssumeRoleResult>
                    <AssumedRoleUser>
                      <Arn>arn:aws:sts::123456789012:assumed-role/metrics/tributary</Arn>
                    </AssumedRoleUser>
                    <Credentials>
                      <AccessKeyId>ASIA\(number)</AccessKeyId>
                      <SecretAccessKey>secret/\(number)</SecretAccessKey>
                      <SessionToken>session/\(number)==</SessionToken>
                      <Expiration>\(RFC3339.text(Timestamp(milliseconds: end)))</Expiration>
                    </Credentials>
                  </AssumeRoleResult>
                </AssumeRoleResponse>
                """
        }
    }

    private static func settings(_ url: String) throws -> SigV4Settings {
        var role = try #require(AWSRole(arn: "arn:aws:iam::123456789012:role/metrics"))
        role.externalID = "team/a"
        role.stsURL = try ServerURL(url)
        var settings = SigV4Settings(
            region: "eu-west-1", accessKey: "AKIDEXAMPLE", secretKey: Secret(ownSecret))
        settings.role = role
        return settings
    }

    /// A client, the member that it asks, and STS.
    private func withRole(
        _ endpoint: @escaping ScriptedServer.Script,
        member: @escaping ScriptedServer.Script = { _, connection in
            connection.answer(Answers.vector(Answers.one))
        },
        timeout: Duration = .seconds(30), settle: Duration = .seconds(60),
        _ body: (UpstreamClient, _ member: ScriptedServer, _ sts: ScriptedServer) async throws
            -> Void
    ) async throws {
        let sts = try ScriptedServer(endpoint)
        defer { sts.stop() }
        let settings = try Self.settings(sts.url)
        try await withClient(
            member,
            source: {
                $0.credentials = .sigV4(settings)
                $0.timeout = timeout
            }, configure: { $0.roleKeysSettle = settle }
        ) { client, server in try await body(client, server, sts) }
    }

    private func failure(of client: UpstreamClient) async throws -> UpstreamError {
        let found = await ScriptedServers.failure { () async throws(UpstreamError) in
            try await client.query("up", at: 0).text()
        }
        return try #require(found)
    }

    @Test("Keys are asked for by a signed request, and sign every kind of request")
    func everyRequest() async throws {
        let keys = Keys()
        try await withRole({ _, connection in keys.answer(connection) }) { client, member, sts in
            await askEverything(client)
            #expect(Set(member.requests.map(\.path)).count >= 9)
            for request in member.requests {
                let (expected, found, signed) = try SigV4Tests.signatures(
                    of: request, secret: "secret/1")
                #expect(found == expected, "\(request.method) \(request.target)")
                #expect(signed.contains("x-amz-security-token"))
                #expect(request.header("X-Amz-Security-Token") == "session/1==")
                let authorization = try #require(request.header("Authorization"))
                #expect(authorization.contains("Credential=ASIA1/"))
                #expect(authorization.contains("/eu-west-1/aps/aws4_request,"))
            }
            #expect(sts.requests.count == 1)
            let asked = try #require(sts.requests.first)
            #expect(asked.method == "POST" && asked.target == "/")
            #expect(
                asked.body
                    == "Action=AssumeRole&Version=2011-06-15"
                    + "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fmetrics"
                    + "&RoleSessionName=tributary&ExternalId=team%2Fa")
            let (expected, found, signed) = try SigV4Tests.signatures(
                of: asked, secret: Self.ownSecret)
            #expect(found == expected && signed.contains("content-type"))
            #expect(asked.header("X-Amz-Security-Token") == nil)
            let authorization = try #require(asked.header("Authorization"))
            #expect(authorization.contains("Credential=AKIDEXAMPLE/"))
            #expect(authorization.contains("/eu-west-1/sts/aws4_request,"))
        }
    }

    @Test("Requests that come together share the keys, and wait for them")
    func together() async throws {
        let keys = Keys()
        try await withRole({ _, connection in
            connection.pause(milliseconds: 50)
            return keys.answer(connection)
        }) { client, member, sts in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try? await client.query("up", at: 1_500).text() }
                }
            }
            #expect(member.requests.count == 20 && sts.requests.count == 1)
        }
    }

    @Test("Keys are used as long as they are valid", arguments: [(3600, 1), (0, 3), (-60, 3)])
    func expiry(seconds: Int64, requests: Int) async throws {
        let keys = Keys()
        try await withRole({ _, connection in keys.answer(connection, seconds: seconds) }) {
            client, member, sts in
            for _ in 0..<3 { _ = try await client.query("up", at: 1_500).text() }
            #expect(sts.requests.count == requests)
            #expect(
                member.requests.last?.header("X-Amz-Security-Token") == "session/\(requests)==")
        }
    }

    private static let expired =
        #"{"message":"The security token included in the request is expired"}"#

    @Test("Keys that the member refuses are replaced, and the request is sent once more")
    func refusedKeys() async throws {
        let keys = Keys()
        try await withRole(
            { _, connection in keys.answer(connection) },
            member: { request, connection in
                request.header("X-Amz-Security-Token") == "session/1=="
                    ? connection.answer(Self.expired, status: "403 Forbidden")
                    : connection.answer(Answers.vector(Answers.one))
            }, settle: .zero
        ) { client, member, sts in
            for _ in 0..<2 {
                let answer = try await client.query("up", at: 1_500).text()
                #expect(answer.elements == Answers.one)
            }
            #expect(
                member.requests.map { $0.header("X-Amz-Security-Token") }
                    == ["session/1==", "session/2==", "session/2=="])
            #expect(sts.requests.count == 2)
        }
    }

    @Test("New keys are kept where the member refuses what the role may not do")
    func refusedRole() async throws {
        let keys = Keys()
        try await withRole(
            { _, connection in keys.answer(connection) },
            member: { request, connection in
                let token = request.header("X-Amz-Security-Token") ?? ""
                return connection.answer(
                    "not with \(token)", status: "403 Forbidden", type: "text/plain")
            }
        ) { client, _, sts in
            for _ in 0..<3 {
                let error = try await failure(of: client)
                #expect(error.kind.text.hasPrefix("HTTP status 403"))
                #expect(!error.description.contains("session/"))
            }
            #expect(sts.requests.count == 1)
        }
    }

    @Test(
        "What are no keys is an error that names the member and shows no secret",
        arguments: [
            (
                "403 Forbidden",
                """
                <ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
                <Message>not &lt;\(ownSecret)&gt;</Message></Error></ErrorResponse>
                """,
                "the STS endpoint answered HTTP status 403: AccessDenied: not <<redacted>>"
            ),
            (
                "400 Bad Request",
                "<Error><Message>\(String(repeating: "x", count: 70)) \(ownSecret)</Message></Error>",
                "the STS endpoint answered HTTP status 400: \(String(repeating: "x", count: 70)) <redacted"
            ),
            ("500 Oops", "broken", "the STS endpoint answered HTTP status 500"),
            ("302 Found", "", "the STS endpoint answered HTTP status 302"),
            ("200 OK", "", "the STS endpoint answered without keys of the role"),
            (
                "200 OK", "<html>sign in</html>",
                "the STS endpoint answered without keys of the role"
            ),
            (
                "200 OK",
                Keys.text(1).replacing("<SecretAccessKey>secret/1</SecretAccessKey>", with: ""),
                "the STS endpoint answered without keys of the role"
            ),
            (
                "200 OK", Keys.text(1).replacing("session/1", with: "a\r\nX: y"),
                "the STS endpoint answered without keys of the role"
            ),
            (
                "200 OK", Keys.text(1).replacing("<Expiration>", with: "<Expiration>soon "),
                "the STS endpoint answered without keys of the role"
            ),
        ])
    func refusals(status: String, body: String, text: String) async throws {
        try await withRole({ _, connection in
            connection.answer(body, status: status, type: "text/xml")
        }) { client, member, _ in
            let error = try await failure(of: client)
            #expect(error.description == #"project "b": AWS role: "# + text)
            #expect(error.apiError.kind == .unavailable)
            #expect(member.requests.isEmpty)
        }
    }

    @Test("An answer that is too long is not read")
    func tooLong() async throws {
        try await withRole({ _, connection in
            connection.answer(
                Keys.text(1) + String(repeating: " ", count: AssumedRole.mostBytes),
                type: "text/xml")
        }) { client, _, _ in
            let error = try await failure(of: client)
            #expect(
                error.description
                    == #"project "b": AWS role: the STS endpoint: the answer is larger than allowed"#
            )
        }
    }

    @Test("An endpoint that never answers costs no more than the member's time")
    func silent() async throws {
        try await withRole(
            { _, connection in connection.waitForEnd(milliseconds: 60_000) },
            timeout: .milliseconds(200)
        ) { client, member, _ in
            let error = try await failure(of: client)
            #expect(error.member == "b")
            #expect(error.kind == .timeout || error.kind.text.hasPrefix("AWS role: "))
            #expect(member.requests.isEmpty)
        }
    }

    @Test("An endpoint that failed is left alone for a moment, and asked again behind it")
    func recovery() async throws {
        let keys = Keys()
        let isAway = LockedValue(true)
        try await withRole({ _, connection in
            isAway.withLock { $0 }
                ? connection.answer("no", status: "503 Away", type: "text/plain")
                : keys.answer(connection)
        }) { client, _, sts in
            for _ in 0..<7 { _ = try await failure(of: client) }
            #expect(sts.requests.count < 7)
            #expect(client.health.circuit == .closed && client.health.failures == 0)
            isAway.withLock { $0 = false }
            var found: String?
            for _ in 0..<200 where found == nil {
                found = try? await client.query("up", at: 1_500).text().elements
                if found == nil { try await Task.sleep(for: .milliseconds(50)) }
            }
            #expect(found == Answers.one)
        }
    }

    @Test("The endpoint is asked through the member's proxy")
    func proxy() async throws {
        let keys = Keys()
        try await withTransport({ request, connection in
            request.target.hasPrefix("http://sts.invalid/")
                ? keys.answer(connection) : connection.answer(Answers.vector(Answers.one))
        }) { transport, proxy in
            var source = PrometheusSource(url: try ServerURL("http://member.invalid"))
            source.proxy = try ServerURL(proxy.url)
            source.credentials = .sigV4(try Self.settings("http://sts.invalid"))
            let client = UpstreamClient(
                UpstreamConfiguration(name: "b", source: .prometheus(source)),
                transport: transport)
            #expect(try await client.query("up", at: 1_500).text().elements == Answers.one)
            #expect(proxy.requests.first?.target == "http://sts.invalid/")
        }
    }
}
