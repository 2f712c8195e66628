import Foundation
import Testing

@testable import GatewayConfiguration

/// Header fields that a configuration must not add to requests.
@Suite struct HeaderRulesTests {
    static let reserved: [(name: String, rest: String)] =
        [
            "Connection", "connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding",
            "Upgrade", "Expect", "HTTP2-Settings", "Proxy-Authorization", "proxy-connection",
        ].map { ($0, "belongs to the connection, which the gateway keeps itself; remove it") }
        + ["Content-Length", "content-type", "CONTENT-ENCODING", "Content-Range"].map {
            ($0, "describes the body, which the gateway writes; remove it")
        }
        + ["Range", "If-None-Match", "If-Modified-Since"].map {
            ($0, "asks for a part of an answer, and the gateway reads whole ones; remove it")
        }
        + ["Accept", "User-Agent", "X-Prometheus-Remote-Read-Version", "X-Tributary-Hops"].map {
            ($0, "is written by the gateway itself; remove it")
        }
        + [
            (
                "Host",
                "names the server, which the URL does; write the name in url; tls.serverName is "
                    + "the one in the certificate"
            ),
            (
                "Accept-Encoding",
                "says how answers are compressed, which acceptEncoding does; write "
                    + "acceptEncoding: gzip or identity"
            ),
        ]

    private func errors(_ yaml: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(yaml, path: "c.yaml")
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    private func prometheus(_ text: String) -> String {
        "projects:\n  - name: a\n    prometheus: {url: http://a, \(text)}\n"
    }

    @Test(arguments: reserved)
    func aFieldOfTheTransportIsRefusedWhereverHeadersAreRead(name: String, rest: String) {
        let headers = "headers: {\(name): x}"
        #expect(
            errors(prometheus(headers)) == [
                "3:43: projects[0].prometheus.headers.\(name): project a: header \(name) \(rest)"
            ])
        let prefix = "clusters: [{name: c, prometheus: {url: http://c, "
        #expect(
            errors(
                "\(prefix)\(headers)}}]\nprojects: [{name: p, clusterPool: x}]\nclusterPools: {x: [c]}\n"
            )
                == [
                    "1:60: clusters[0].prometheus.headers.\(name): cluster c: header \(name) \(rest)"
                ])
        #expect(
            errors("globalPrometheus: {url: http://g, \(headers)}\nprojects: [{name: p}]\n").first
                == "1:45: globalPrometheus.headers.\(name): header \(name) \(rest)")
        let resource = "kind: Coroot\nspec:\n  projects:\n  - name: a\n    apiKeys: [{key: k}]\n"
        #expect(
            errors(resource + "    prometheus: {url: http://a, \(headers)}\n") == [
                "6:43: spec.projects[0].prometheus.headers.\(name): project a: header \(name) \(rest)"
            ])
    }

    @Test(arguments: reserved)
    func aFieldOfTheTransportIsRefusedInWhatTheAPIIsSent(name: String, rest: String) throws {
        let json = #"{"prometheus":{"url":"http://a","headers":{"\#(name)":"x"}}}"#
        var contents = StoreContents()
        let refusal = try #require(throws: StoreRefusal.self) {
            try contents.putProject(
                try DocumentValue(json: Array(json.utf8)), name: "a", file: Configuration())
        }
        #expect(refusal.description.contains("prometheus.headers.\(name)"))
        #expect(refusal.description.contains("header \(name) \(rest)"))
    }

    @Test func aStoredProjectWithAFieldOfTheTransportIsOutOfServiceAndSaysWhy() throws {
        let json = #"{"prometheus":{"url":"http://a","headers":{"Host":"hush"}}}"#
        let project = try ProjectDocument.read(json, name: "a", members: [])
        guard case .misconfigured(let reason) = project.kind else {
            Issue.record("in service")
            return
        }
        #expect(reason.hasPrefix("its definition in the store breaks a rule: "))
        #expect(reason.contains("header Host names the server, which the URL does"))
        #expect(!reason.contains("hush"))
    }

    @Test(arguments: ["basicAuth: {username: u}", "bearerToken: t"])
    func authorizationBesideOtherCredentialsIsRefused(credential: String) {
        let key = credential.prefix { $0 != ":" }
        let found = errors(prometheus("\(credential), headers: {authorization: Basic x}"))
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(
                "project a: header authorization and \(key) exclude each other; keep one of them")
                == true)
        #expect(errors(prometheus("headers: {Authorization: Basic x, Cookie: a}")) == [])
    }

    @Test func oneNameInTwoSpellingsIsRefused() {
        #expect(
            errors(prometheus("headers: {X-A: x, x-b: y, x-a: z}")) == [
                "3:59: projects[0].prometheus.headers.x-a: project a: header x-a is given twice: as "
                    + "X-A, in line 3; keep one of them"
            ])
    }

    @Test(arguments: ["X A", "X:A", "X\\nA: b", "X\\0", "Ä", "X\\u007f", ":authority", ""])
    func whatIsNoHeaderNameIsRefused(name: String) {
        let found = errors(prometheus("headers: {\"\(name)\": x}"))
        #expect(found.count == 1)
        #expect(found.first?.contains("project a: ") == true)
        #expect(
            found.first?.hasSuffix(
                (name.isEmpty ? "a header needs a name" : "is not a header name")
                    + "; write letters, digits and -") == true)
        #expect(found.first?.contains("\n") == false)
    }

    /// So many headers or parameters, of which the last has a value of so many bytes.
    private func many(_ key: String, _ count: Int, bytes: Int = 1) -> String {
        let lines = (1...count).map { i in
            "        X-\(i): \(String(repeating: "v", count: i == count ? bytes : 1))\n"
        }
        return "projects:\n  - name: a\n    prometheus:\n      url: http://a\n      \(key):\n"
            + lines.joined()
    }

    @Test(arguments: [("headers", "header"), ("queryParameters", "query parameter")])
    func thereAreBoundedlyManyOfBoundedLength(key: String, noun: String) {
        #expect(errors(many(key, 100, bytes: 8192)) == [])
        for count in [101, 90_000] {
            #expect(
                errors(many(key, count)) == [
                    "6:9: projects[0].prometheus.\(key): project a: \(count) \(noun)s are given; at "
                        + "most 100 are allowed; remove some"
                ])
        }
        #expect(
            errors(many(key, 2, bytes: 8193)) == [
                "7:14: projects[0].prometheus.\(key).X-2: project a: the value of \(noun) X-2 has 8193 "
                    + "bytes; at most 8192 are allowed; shorten it"
            ])
    }

    @Test func aRemoteCorootHasNoHeaders() {
        #expect(
            errors("projects: [{name: a, remoteCoroot: {url: http://a, apiKey: k, headers: {}}}]")
                .first?.contains("unknown key headers") == true)
    }

    @Test func theSchemaForbidsTheSameNames() throws {
        let schema = try JSONSchema(
            contentsOf: ExampleConfigurationTests.folder
                .appendingPathComponent("configuration.schema.json"))
        let names = schema.schema(at: "globalPrometheus.headers")["propertyNames"]
        let pattern = try #require((names as? [String: Any])?["pattern"] as? String)
        #expect(pattern == HeaderRules.pattern)
        for (name, _) in Self.reserved + [("X A", ""), ("", "")] {
            #expect(name.range(of: pattern, options: .regularExpression) == nil, "\(name)")
        }
        for name in ["X-Scope-OrgID", "Authorization", "Cookie", "Accept-Language", "Hosts"] {
            #expect(name.range(of: pattern, options: .regularExpression) != nil, "\(name)")
        }
    }
}
