import Foundation
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// Line ends around secrets are left out, and secrets of more than one line are refused unseen.
@Suite struct SecretTextTests {
    private static let yaml = """
        postgres: {connection_string: "postgres://u:${SECRET}@db/x"}
        auth: {tokens: [{name: t, token: "${SECRET}"}]}
        clusters: [{name: c, prometheus: {url: http://c, bearerToken: "${SECRET}"}}]
        clusterPools: {default: [c]}
        projects:
          - name: a
            prometheus:
              url: http://a
              basicAuth: {username: "${SECRET}", password: "${SECRET}"}
              headers: {X-Scope-OrgID: "${SECRET}"}
            apiKeys: [{key: "${SECRET}"}]
          - {name: r, remoteCoroot: {url: http://r, apiKey: "${SECRET}"}}
        """

    @Test(arguments: ["hush-hush", "hush-hush\n", "hush-hush\r\n", "\nhush-hush\n\n"])
    func lineEndsAroundAnyKindOfSecretAreLeftOutWithANote(secret: String) throws {
        let configuration = try Configuration.parse(
            Self.yaml, path: "c.yaml", environment: ["SECRET": secret])
        let plain = try Configuration.parse(
            Self.yaml, path: "c.yaml", environment: ["SECRET": "hush-hush"])
        var same = configuration
        same.notes = []
        #expect(same == plain)
        #expect(
            Set(configuration.notes.map(\.text))
                == (secret == "hush-hush"
                    ? [] : ["the line end around environment variable SECRET is left out"]))
        #expect(configuration.notes.count == (secret == "hush-hush" ? 0 : 8))
        guard case .prometheus(let source)? = configuration.projects.first?.kind else {
            Issue.record("no Prometheus")
            return
        }
        #expect(
            source.credentials == .basic(username: "hush-hush", password: Secret("hush-hush")))
        #expect(source.headers.map(\.value.exposed) == ["hush-hush"])
        #expect(configuration.postgres?.exposed == "postgres://u:hush-hush@db/x")
    }

    @Test func aLineEndWrittenInTheFileIsLeftOutToo() throws {
        let configuration = try Configuration.parse(
            """
            projects:
              - name: a
                prometheus:
                  url: http://a
                  bearerToken: |
                    hush-hush

            """, path: "c.yaml")
        guard case .prometheus(let source)? = configuration.projects.first?.kind else {
            Issue.record("no Prometheus")
            return
        }
        #expect(source.credentials == .bearer(Secret("hush-hush")))
        #expect(
            configuration.notes.map(\.description) == [
                "line 5: projects[0].prometheus.bearerToken: the line end around the token is left out"
            ])
    }

    @Test(arguments: [
        ("hush\nhush", "holds a line end"), ("hush\r\nhush", "holds a line end"),
        ("hush\rhush", "holds a line end"), ("hush\u{0}hush", "holds a NUL character"),
        ("hush\u{7}hush", "holds a control character"),
    ])
    func aSecretOfMoreThanOneLineIsRefusedAndNotShown(secret: String, problem: String) throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try Configuration.parse(Self.yaml, path: "c.yaml", environment: ["SECRET": secret])
        }
        let mend = "; write it in one line, without control characters"
        #expect(
            errors.description == """
                c.yaml:1:31: postgres.connection_string: the connection string \(problem)\(mend)
                c.yaml:2:34: auth.tokens[0].token: token t: the token \(problem)\(mend)
                c.yaml:3:63: clusters[0].prometheus.bearerToken: cluster c: the token \(problem)\(mend)
                c.yaml:9:29: projects[0].prometheus.basicAuth.username: project a: the user name \(problem)\(mend)
                c.yaml:9:52: projects[0].prometheus.basicAuth.password: project a: the password \(problem)\(mend)
                c.yaml:10:32: projects[0].prometheus.headers.X-Scope-OrgID: project a: the value of header X-Scope-OrgID \(problem)\(mend)
                c.yaml:11:21: projects[0].apiKeys[0].key: project a: the API key \(problem)\(mend)
                c.yaml:12:53: projects[1].remoteCoroot.apiKey: project r: the API key \(problem)\(mend)
                """)
    }

    @Test func secretsOfACustomResourceFollowTheSameRules() throws {
        let yaml = """
            kind: Coroot
            spec:
              projects:
                - {name: a, apiKeys: [{keySecret: {name: s, key: in}}]}
                - {name: r, remoteCoroot: {url: http://r, apiKeySecret: {name: s, key: out}}}
            """
        func read(_ key: String) throws(ConfigurationErrors) -> Configuration {
            try Configuration.parse(
                yaml, path: "c.yaml",
                environment: [
                    "TRIBUTARY_SECRET_S_IN": key, "TRIBUTARY_SECRET_S_OUT": "hush\nhush\n",
                ])
        }
        let configuration = try read("hush-hush\n")
        #expect(configuration.projects.first?.apiKeys == [APIKey(key: Secret("hush-hush"))])
        let reason = "secret s/out in environment variable TRIBUTARY_SECRET_S_OUT holds a line end"
        #expect(configuration.projects.last?.kind == .misconfigured(reason: reason))
        #expect(
            configuration.notes.map(\.text).filter { !$0.contains("all read") } == [
                "the line end around environment variable TRIBUTARY_SECRET_S_IN is left out",
                reason,
            ])
        let errors = try #require(throws: ConfigurationErrors.self) { try read("hush\u{0}") }
        #expect(
            errors.description
                == """
                c.yaml:4:39: projects[0].apiKeys[0].keySecret: project a: secret s/in in environment \
                variable TRIBUTARY_SECRET_S_IN holds a NUL character; write one line into it, or \
                remove it
                """.replacing("projects[0]", with: "spec.projects[0]"))
    }

    @Test(arguments: ["p${hush", "p${hu-sh}q", "${}hush"])
    func aPasswordThatIsNoVariableIsNotShown(password: String) throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try Configuration.parse(
                "projects: [{name: a, prometheus: {url: http://a, bearerToken: '\(password)'}}]",
                path: "c.yaml")
        }
        #expect(
            errors.description
                == "c.yaml:1:63: projects[0].prometheus.bearerToken: ${ begins no variable; "
                + "write ${NAME}, or $$ for a literal $")
    }

    @Test(arguments: ["", "\n"])
    func aBearerTokenOfAVariableThatHoldsNothingIsRefused(value: String) throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try Configuration.parse(
                "projects: [{name: a, prometheus: {url: http://a, bearerToken: '${T}'}}]",
                path: "c.yaml", environment: ["T": value])
        }
        #expect(
            errors.description.contains(
                "projects[0].prometheus.bearerToken: project a: the token is empty; "
                    + "give it a value, or remove bearerToken"))
    }

    @Test(arguments: ["http://u:hush hush@a", "http://u:hush?@a", "u:hush@a", "http://u:hush@a:x"])
    func aURLThatHoldsAPasswordIsNotShownWhateverElseIsWrong(url: String) throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try Configuration.parse(
                "projects: [{name: a, prometheus: {url: '\(url)'}}]", path: "c.yaml")
        }
        #expect(!errors.description.contains("hush"))
        #expect(errors.description.contains("project a: the URL "))
    }
}
