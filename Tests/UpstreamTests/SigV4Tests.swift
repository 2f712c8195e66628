import Crypto
import Foundation
import GoText
import HTTPTransport
import PrometheusWire
import ScriptedServers
import Testing
import UpstreamSettings

@testable import Upstream

/// Members that want AWS signatures: each is made again here, of what the server received.
@Suite struct SigV4Tests {
    /// As botocore signs them; the first three are examples that AWS publishes.
    private static let vectors: [Vector] = [
        Vector(
            "GET", "https://example.amazonaws.com/", scope: "us-east-1/service",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            "GET", "https://example.amazonaws.com:443?Param2=value2&Param1=value1",
            scope: "us-east-1/service",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Vector(
            "GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            scope: "us-east-1/iam",
            more: ("Content-Type", "application/x-www-form-urlencoded;  charset=utf-8 "),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
        Vector(
            "POST",
            "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/query",
            body: "query=up%7Ba%3D%22b%22%7D&time=1.5", scope: "eu-west-1/aps",
            more: ("X-Amz-Security-Token", "tok"),
            "430ced6a4fba340f3e6030cc3eb667b881cefefd90b7518037543a1c1dda5c33"),
        Vector(
            "GET",
            "https://h.example:8443/a%20b/label/U__x_2e_y/values?match%5b%5D=up&match%5B%5D=a"
                + "&z=%C3%A9%20~1&empty", scope: "eu-west-1/aps",
            "8d15254b34dba399bf8cd5b4551096e709b62d0f784aa094dcbd2c0b1dbd0a06"),
    ]

    struct Vector: Sendable {
        var method: String
        var url: String
        var body: String
        var scope: [String]
        var more: (name: String, value: String)?
        var signature: String

        init(
            _ method: String, _ url: String, body: String = "", scope: String,
            more: (String, String)? = nil, _ signature: String
        ) {
            (self.method, self.url, self.body, self.signature) = (method, url, body, signature)
            self.scope = scope.split(separator: "/").map(String.init)
            self.more = more
        }
    }

    @Test("A request is signed as others sign it", arguments: vectors)
    func vector(_ vector: Vector) throws {
        var settings = SigV4Settings(
            region: vector.scope[0], accessKey: "AKIDEXAMPLE",
            secretKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
        settings.service = vector.scope[1]
        let target = SignedTarget(vector.url)
        var fields = [
            HeaderFields.Field(name: "Host", value: target.host(isRouted: false)),
            HeaderFields.Field(name: "X-Amz-Date", value: "20150830T123600Z"),
        ]
        if let (name, value) = vector.more {
            fields.append(HeaderFields.Field(name: name, value: value))
        }
        let value = RequestSignature(settings).authorization(
            of: vector.method, target.path, target.query, fields, Array(vector.body.utf8),
            at: Timestamp(milliseconds: 1_440_938_160_999))
        let names = fields.map { $0.name.lowercased() }.sorted().joined(separator: ";")
        #expect(
            value == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/"
                + "\(vector.scope.joined(separator: "/"))/aws4_request, "
                + "SignedHeaders=\(names), Signature=\(vector.signature)")
    }

    private static func set(_ source: inout PrometheusSource) {
        var settings = SigV4Settings(
            region: "eu-west-1", accessKey: "AKIDEXAMPLE", secretKey: Secret("wJalr/XUtn+FEMI:K7"))
        settings.sessionToken = Secret("session-t0ken")
        source.credentials = .sigV4(settings)
        source.queryParameters = [NamedSecret(name: "Zone", value: Secret("é 1"))]
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }

    /// The signature of a request as AWS makes it, and the one that it carries.
    static func signatures(
        of request: ScriptedServer.Request, secret: String
    ) throws -> (expected: String, found: String, signed: [String]) {
        let authorization = try #require(request.header("Authorization"))
        func part(_ name: String) throws -> String {
            let start = try #require(authorization.range(of: name + "="))
            return String(authorization[start.upperBound...].prefix { $0 != "," && $0 != " " })
        }
        let scope = try part("Credential").split(separator: "/").map(String.init)
        let signed = try part("SignedHeaders").split(separator: ";").map(String.init)
        let query = request.target.drop { $0 != "?" }.dropFirst().split(separator: "&")
        let pairs = query.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "")
        }.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
        let fields = try signed.map { name in
            let value = try #require(request.header(name))
            return "\(name):\(value.trimmingCharacters(in: .whitespaces))\n"
        }
        let canonical = [
            request.method, request.path,
            pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&"), fields.joined(),
            signed.joined(separator: ";"), hex(SHA256.hash(data: request.bodyBytes)),
        ].joined(separator: "\n")
        let text = [
            "AWS4-HMAC-SHA256", try #require(request.header("X-Amz-Date")),
            scope.dropFirst().joined(separator: "/"),
            hex(SHA256.hash(data: Array(canonical.utf8))),
        ].joined(separator: "\n")
        func mac(_ key: [UInt8], _ text: String) -> [UInt8] {
            Array(
                HMAC<SHA256>.authenticationCode(
                    for: Array(text.utf8), using: SymmetricKey(data: key)))
        }
        let key = scope.dropFirst().reduce(Array("AWS4\(secret)".utf8)) { mac($0, $1) }
        return (hex(mac(key, text)), try part("Signature"), signed)
    }

    @Test("Every kind of request is signed: its path, parameters, body and headers")
    func everyRequest() async throws {
        try await withClient(
            { _, connection in connection.answer(#"{"status":"success","data":[]}"#) },
            source: Self.set
        ) { client, server in
            await askEverything(client)
            let seen = server.requests
            #expect(Set(seen.map(\.path)).count >= 9)
            for request in seen {
                let (expected, found, signed) = try Self.signatures(
                    of: request, secret: "wJalr/XUtn+FEMI:K7")
                #expect(found == expected, "\(request.method) \(request.target)")
                #expect(signed == signed.sorted())
                #expect(Set(["host", "x-amz-date", "x-amz-security-token"]).isSubset(of: signed))
                #expect(signed.contains("content-type") == (request.method == "POST"))
                #expect(request.header("X-Amz-Security-Token") == "session-t0ken")
                #expect(
                    request.header("Authorization")?.contains("/eu-west-1/aps/aws4_request,")
                        == true)
                #expect(!"\(request)".contains("wJalr"))
            }
        }
    }

    @Test("Where everything is in the URL, the time left is signed with it")
    func asQueries() async throws {
        try await withClient(
            { request, connection in
                request.method == "POST"
                    ? connection.answer("no", status: "405 Method Not Allowed", type: "text/plain")
                    : connection.answer(Answers.vector(Answers.one))
            }, source: Self.set
        ) { client, server in
            let text = #"sum by (a) (rate(x{b=~"c|d.*"}[5m])) + 1"#
            #expect(try await client.query(text, at: 1_500).text().elements == Answers.one)
            let request = try #require(server.requests.last)
            #expect(request.method == "GET" && request.target.contains("timeout="))
            let (expected, found, _) = try Self.signatures(
                of: request, secret: "wJalr/XUtn+FEMI:K7")
            #expect(found == expected)
        }
    }

    @Test("What a member repeats of the keys is left out of errors")
    func redacted() async throws {
        try await withClient(
            { _, connection in
                connection.answer(
                    #"{"status":"error","errorType":"bad_data","error":"session-t0ken is old"}"#,
                    status: "400 Bad Request")
            }, source: Self.set
        ) { client, _ in
            let found = await failure { () async throws(UpstreamError) in
                try await client.query("up", at: 0).text()
            }
            let text = try #require(found?.description)
            #expect(text.contains("<redacted>") && !text.contains("t0ken"))
        }
    }
}
