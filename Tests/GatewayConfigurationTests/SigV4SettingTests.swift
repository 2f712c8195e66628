import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `sigv4`: requests that are signed.
@Suite struct SigV4SettingTests {
    private func parse(_ settings: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            "projects:\n  - name: a\n    prometheus: {url: http://a, \(settings)}\n",
            path: "c.yaml")
    }

    private func source(_ settings: String) throws -> (Project, PrometheusSource) {
        let project = try #require(try parse(settings).projects.first)
        guard case .prometheus(let source) = project.kind else {
            throw TestFailure("not a Prometheus")
        }
        return (project, source)
    }

    private static let all =
        "sigv4: {region: eu-west-1, accessKey: AKID1, secretKey: s3cret, service: other, "
        + "sessionToken: s3cret-token}"

    @Test func `Settings are read, printed and stored`() throws {
        let (project, source) = try source(Self.all)
        var wanted = SigV4Settings(
            region: "eu-west-1", accessKey: "AKID1", secretKey: Secret("s3cret"))
        wanted.service = "other"
        wanted.sessionToken = Secret("s3cret-token")
        #expect(source.credentials == .sigV4(wanted))
        #expect(
            try ProjectDocument.read(ProjectDocument.written(project), name: "a", members: [])
                == project)
        let printed = try parse(Self.all).redactedYAML
        for line in [
            #"region: "eu-west-1""#, "service: other", #"accessKey: "AKID1""#,
            "secretKey: <redacted>",
            "sessionToken: <redacted>",
        ] {
            #expect(printed.contains(line), "\(printed)")
        }
        #expect(!"\(printed) \(project) \(ProjectDocument.shown(project))".contains("s3cret"))
        let sent = try ProjectDocument.read(
            ProjectDocument.shown(project), name: "a", among: [], old: project,
            partitionLabel: "project")
        #expect(sent == project)
    }

    @Test func `The service is that of managed Prometheus by default`() throws {
        let (_, source) = try source("sigv4: {region: r, accessKey: a, secretKey: s3cret}")
        #expect(
            source.credentials
                == .sigV4(
                    SigV4Settings(region: "r", accessKey: "a", secretKey: Secret("s3cret"))))
    }

    @Test func `The secret key comes from a file too`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/secret"
            try "from-a-file\n".write(toFile: path, atomically: true, encoding: .utf8)
            let (project, source) = try source(
                "sigv4: {region: r, accessKey: a, secretKeyFile: \(path)}")
            #expect(source.credentials.secret?.exposed == "from-a-file")
            let stored = try ProjectDocument.read(
                ProjectDocument.written(project), name: "a", members: [])
            guard case .prometheus(let kept) = stored.kind else {
                throw TestFailure("not a Prometheus")
            }
            #expect(kept.credentials.secret?.file?.path == source.credentials.secret?.file?.path)
        }
    }

    private static let needed = "region: r, accessKey: a, secretKey: s3cret"

    @Test(arguments: [
        ("sigv4: {}", "sigv4.region: region is needed"),
        ("sigv4: {region: r, secretKey: s3cret}", "sigv4.accessKey: accessKey is needed"),
        (
            "sigv4: {region: r, accessKey: a}",
            "sigv4.secretKey: secretKey is needed; write secretKey: ${VARIABLE}, or secretKeyFile"
        ),
        ("sigv4: {region: r, accessKey: a, secretKey: ''}", "sigv4.secretKey: secretKey is empty"),
        (
            "sigv4: {region: \"a/b\", accessKey: a, secretKey: s3cret}",
            "sigv4.region: is not a value"
        ),
        ("sigv4: {\(needed), service: \"a b\"}", "sigv4.service: is not a value of service"),
        (
            "sigv4: {\(needed), profile: x}",
            "sigv4.profile: the key profile is not supported; write accessKey and secretKey: the "
                + "gateway reads no profiles of AWS"
        ),
        (
            "bearerToken: s3cret, sigv4: {\(needed)}",
            "sigv4: sigv4 and bearerToken exclude each other; keep one of them"
        ),
        (
            "sigv4: {\(needed)}, oauth2: {clientId: a, clientSecret: s3cret, tokenUrl: \"http://t\"}",
            "sigv4: sigv4 and oauth2 exclude each other; keep one of them"
        ),
        (
            "headers: {Authorization: s3cret}, sigv4: {\(needed)}",
            "headers.Authorization: header Authorization and sigv4 exclude each other"
        ),
    ])
    func `What is wrong is refused and not shown`(settings: String, problem: String) {
        do throws(ConfigurationErrors) {
            _ = try parse(settings)
            Issue.record("no error")
        } catch {
            let found = error.errors.map {
                "\($0.keyPath): \($0.problem)" + ($0.mend.map { "; \($0)" } ?? "")
            }
            #expect(
                found.contains { $0.hasPrefix("projects[0].prometheus.\(problem)") }, "\(found)")
            #expect(!found.joined().contains("s3cret"))
        }
    }

    @Test func `Keys of promxy are carried over`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  http_client:
                    sigv4: {region: eu-west-1, access_key: AKID1, secret_key: hidden}
            """)
        #expect(!conversion.yaml.contains("hidden"))
        #expect(conversion.remarks.allSatisfy { !$0.isLoss })
        for line in [
            #"region: "eu-west-1""#, #"accessKey: "AKID1""#, "secretKey: ${PROMXY_SECRET_1}",
        ] {
            #expect(conversion.yaml.contains(line), "\(conversion.yaml)")
        }
    }
}
