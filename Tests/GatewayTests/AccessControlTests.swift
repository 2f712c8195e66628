import GatewayConfiguration
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway

/// Who may read which project.
@Suite struct AccessControlTests {
    private static let projects = """
        projects:
          - {name: a, prometheus: {url: http://a}, apiKeys: [{key: key-of-a}, {key: second-key-of-a}]}
          - {name: b, prometheus: {url: http://b}, apiKeys: [{key: key-of-b}]}
        """
    private static let tokens = """

        auth:
          tokens:
            - {name: grafana, token: grafana-token, projects: [a]}
            - {name: operator, token: operator-token}
        """

    private func access(_ yaml: String) throws -> AccessControl {
        AccessControl(try Configuration.parse(yaml, path: "c.yaml"))
    }

    @Test func withoutAuthEverybodyReadsEverything() throws {
        #expect(try access(Self.projects).grant(for: [:]) == .everything)
    }

    @Test(arguments: [
        ("localhost", true), ("LocalHost.:9090", true), ("127.0.0.1", true), ("127.8.9.1:1", true),
        ("[::1]:9090", true), ("[::1]", true), ("[::ffff:127.0.0.1]:9090", true),
        ("evil.example", false), ("evil.example:9090", false), ("127.evil.example", false),
        ("127.0.0.1.evil.example:9090", false), ("localhost.evil.example", false),
        ("10.1.2.3:9090", false), ("[2001:db8::1]:9090", false), ("", false),
    ])
    func `Without auth only requests that name this machine as their Host are served`(
        host: String, isServed: Bool
    ) throws {
        let access = try access(Self.projects)
        if isServed {
            #expect(try access.grant(for: ["Host": host]) == .everything)
            #expect(try access.administrator(for: ["Host": host]).token == nil)
        } else {
            #expect(throws: AccessControl.Refusal.foreignHost) {
                try access.grant(for: ["Host": host])
            }
            #expect(throws: AccessControl.Refusal.foreignHost) {
                try access.administrator(for: ["Host": host])
            }
        }
        // A key is what no page of another name has.
        let keyed: HTTPHeaders = ["Host": host, "X-API-Key": "key-of-a"]
        #expect(try access.grant(for: keyed) == .project("a"))
        let open = try self.access(Self.projects + "\nauth: {anonymous: true}")
        #expect(try open.grant(for: ["Host": host]) == .everything)
    }

    @Test func `The address that is bound is the gateway's own Host`() throws {
        let configuration = try Configuration.parse(Self.projects, path: "c.yaml")
        let access = AccessControl(
            configuration, bound: ListenAddress(host: "Gate.example", port: 9090))
        #expect(try access.grant(for: ["Host": "gate.example:80"]) == .everything)
        #expect(throws: AccessControl.Refusal.foreignHost) {
            try access.grant(for: ["Host": "other.example:80"])
        }
    }

    @Test func withTokensNobodyReadsWithoutOne() throws {
        let access = try access(Self.projects + Self.tokens)
        #expect(throws: AccessControl.Refusal.missing) { try access.grant(for: [:]) }
    }

    @Test(arguments: [
        ["X-API-Key": "nonsense"], ["Authorization": "Bearer nonsense"],
        ["Authorization": "Bearer "], ["Authorization": "Digest x"], ["Authorization": "Basic !!"],
        ["X-API-Key": "key-of-"], ["X-API-Key": "key-of-ab"],
    ])
    func aWrongKeyIsRefusedAlsoWhereNoneIsNeeded(fields: [String: String]) throws {
        var headers = HTTPHeaders()
        for (name, value) in fields { headers.add(name, value) }
        for yaml in [Self.projects, Self.projects + Self.tokens] {
            let access = try access(yaml)
            #expect(throws: AccessControl.Refusal.unknown) { try access.grant(for: headers) }
        }
    }

    @Test func everyKeyOfAProjectOpensThatProjectAlone() throws {
        let access = try access(Self.projects + Self.tokens)
        for (key, project) in [("key-of-a", "a"), ("second-key-of-a", "a"), ("key-of-b", "b")] {
            let grant = try access.grant(for: ["X-API-Key": key])
            #expect(grant == .project(project))
            #expect(grant.opens(project) && !grant.opens(project == "a" ? "b" : "a"))
        }
    }

    @Test func tokensOpenTheProjectsTheyNameOrAll() throws {
        let access = try access(Self.projects + Self.tokens)
        let grafana = try access.grant(for: ["Authorization": "Bearer grafana-token"])
        #expect(grafana.opens("a") && !grafana.opens("b"))
        let operators = try access.grant(for: ["Authorization": "bearer operator-token"])
        #expect(operators.opens("a") && operators.opens("b"))
    }

    @Test func basicAuthenticationBringsTheKeyAsItsPassword() throws {
        let access = try access(Self.projects)
        // "anyone:key-of-b"
        let grant = try access.grant(for: ["Authorization": "Basic YW55b25lOmtleS1vZi1i"])
        #expect(grant == .project("b"))
    }
}
