import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `oauth2`: tokens that are asked for at an endpoint.
@Suite struct CredentialSettingTests {
    private func parse(_ settings: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            "projects:\n  - name: a\n    prometheus: {url: http://a, \(settings)}\n",
            path: "c.yaml")
    }

    private func errors(_ settings: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try parse(settings)
            return []
        } catch {
            return error.errors.map {
                "\($0.keyPath): \($0.problem)" + ($0.mend.map { "; \($0)" } ?? "")
            }
        }
    }

    private func source(_ settings: String) throws -> (Project, PrometheusSource) {
        let project = try #require(try parse(settings).projects.first)
        guard case .prometheus(let source) = project.kind else {
            throw TestFailure("not a Prometheus")
        }
        return (project, source)
    }

    private static let oauth2 =
        "oauth2: {clientId: gateway, clientSecret: s3cret, tokenUrl: \"https://login/t/token\", "
        + "scopes: [a, \"b:c\"], endpointParams: {audience: s3cret-audience}}"
    @Test func oauth2IsReadPrintedAndStored() throws {
        let (project, source) = try source(Self.oauth2)
        var wanted = OAuth2Settings(
            clientID: "gateway", clientSecret: Secret("s3cret"),
            tokenURL: try ServerURL("https://login/t/token"))
        wanted.scopes = ["a", "b:c"]
        wanted.endpointParameters = [
            NamedSecret(name: "audience", value: Secret("s3cret-audience"))
        ]
        #expect(source.credentials == .oauth2(wanted))
        #expect(
            try ProjectDocument.read(ProjectDocument.written(project), name: "a", members: [])
                == project)
        let printed = try parse(Self.oauth2).redactedYAML
        for line in [
            "clientId: gateway", "clientSecret: <redacted>", "tokenUrl: \"https://login/t/token\"",
            "scopes: [a, \"b:c\"]", "audience: <redacted>",
        ] {
            #expect(printed.contains(line), "\(printed)")
        }
        #expect(!"\(printed) \(project) \(ProjectDocument.shown(project))".contains("s3cret"))
    }

    @Test func secretsComeFromFilesToo() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/secret"
            try "from-a-file\n".write(toFile: path, atomically: true, encoding: .utf8)
            for settings in [
                "oauth2: {clientId: a, clientSecretFile: \(path), tokenUrl: \"http://t\"}"
            ] {
                let (project, source) = try source(settings)
                #expect(source.credentials.secret?.exposed == "from-a-file")
                // The store keeps where it came from.
                let stored = try ProjectDocument.read(
                    ProjectDocument.written(project), name: "a", members: [])
                guard case .prometheus(let kept) = stored.kind else {
                    Issue.record("not a Prometheus")
                    continue
                }
                #expect(
                    kept.credentials.secret?.file?.path == source.credentials.secret?.file?.path)
                #expect(kept.credentials.secret?.exposed == "from-a-file")
            }
        }
    }

    @Test(arguments: [
        ("oauth2: {}", "oauth2.clientId: clientId is needed"),
        (
            "oauth2: {clientId: a, tokenUrl: \"http://t\"}",
            "oauth2.clientSecret: clientSecret is needed"
        ),
        (
            "oauth2: {clientId: a, clientSecret: \"\", tokenUrl: \"http://t\"}",
            "oauth2.clientSecret: clientSecret is empty; give it a value"
        ),
        (
            "oauth2: {clientId: a, clientSecret: s3cret, tokenUrl: \"http://u:s3cret@t\"}",
            "oauth2.tokenUrl: the URL of the token endpoint holds a user name or password"
        ),
        (
            "oauth2: {clientId: a, clientSecret: s3cret, tokenUrl: \"http://t\", scopes: [\"a b\"]}",
            "oauth2.scopes[0]: is not a scope"
        ),
        (
            "oauth2: {clientId: a, clientSecret: s3cret, tokenUrl: \"http://t\", endpointParams: {scope: x}}",
            "oauth2.endpointParams.scope: parameter scope is written by the gateway itself"
        ),
        (
            "bearerToken: s3cret, oauth2: {clientId: a, clientSecret: s3cret, tokenUrl: \"http://t\"}",
            "oauth2: oauth2 and bearerToken exclude each other; keep one of them"
        ),
        (
            "headers: {Authorization: s3cret}, oauth2: {clientId: a, clientSecret: s3cret, tokenUrl: \"http://t\"}",
            "headers.Authorization: header Authorization and oauth2 exclude each other"
        ),
    ])
    func whatIsWrongIsRefusedAndNotShown(settings: String, problem: String) {
        let found = errors(settings)
        #expect(
            found.contains { $0.hasPrefix("projects[0].prometheus.\(problem)") }, "\(found)")
        #expect(!found.joined().contains("s3cret"))
    }

    @Test(arguments: [
        (#""tokenUrl":"https://login/t/token""#, #""tokenUrl":"https://evil/t/token""#),
        (#""url":"http://a""#, #""url":"http://a","proxyUrl":"http://evil:1""#),
    ])
    func aKeptSecretGoesToNoOtherServer(old: String, new: String) throws {
        let (project, _) = try source(Self.oauth2)
        let shown = String(decoding: ProjectDocument.shown(project).json, as: UTF8.self)
        let same = try ProjectDocument.read(
            try DocumentValue(json: Array(shown.utf8)), name: "a", among: [], old: project,
            partitionLabel: "project")
        #expect(same == project)
        let changed = shown.replacingOccurrences(of: old, with: new)
        #expect(changed != shown)
        #expect(throws: StoreRefusal.self) {
            try ProjectDocument.read(
                try DocumentValue(json: Array(changed.utf8)), name: "a", among: [], old: project,
                partitionLabel: "project")
        }
    }
}
