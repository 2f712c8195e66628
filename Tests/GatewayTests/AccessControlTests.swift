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
