import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `sigv4.roleArn`: requests that are signed by the keys of a role.
@Suite struct RoleSettingTests {
    private static let arn = "arn:aws:iam::123456789012:role/metrics"

    private func parse(_ settings: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            """
            projects:
              - name: a
                prometheus:
                  url: http://a
                  sigv4: {region: eu-west-1, accessKey: a, secretKey: s3cret, \(settings)}
            """, path: "c.yaml")
    }

    private func project(_ settings: String) throws -> (Project, AWSRole?) {
        let project = try #require(try parse(settings).projects.first)
        guard case .prometheus(let source) = project.kind,
            case .sigV4(let read) = source.credentials
        else { throw TestFailure("not signed") }
        return (project, read.role)
    }

    @Test func `Settings are read, printed and stored`() throws {
        let all =
            "roleArn: \"\(Self.arn)\", externalId: team-a, stsUrl: \"https://sts.example.com/\""
        let (project, role) = try project(all)
        var wanted = try #require(AWSRole(arn: Self.arn))
        wanted.externalID = "team-a"
        wanted.stsURL = try ServerURL("https://sts.example.com")
        #expect(role == wanted)
        #expect(role?.endpoint(in: "eu-west-1") == "https://sts.example.com")
        #expect(
            try ProjectDocument.read(ProjectDocument.written(project), name: "a", members: [])
                == project)
        let sent = try ProjectDocument.read(
            ProjectDocument.shown(project), name: "a", among: [], old: project,
            partitionLabel: "project")
        #expect(sent == project)
        let printed = try parse(all).redactedYAML
        for text in [Self.arn, "team-a", "https://sts.example.com", "secretKey: <redacted>"] {
            #expect(printed.contains(text), "\(printed)")
        }
        #expect(!printed.contains("s3cret"))
    }

    @Test func `The endpoint is that of the region by default`() throws {
        let (project, role) = try project("roleArn: \"\(Self.arn)\"")
        #expect(role?.endpoint(in: "eu-west-1") == "https://sts.eu-west-1.amazonaws.com")
        #expect(role?.endpoint(in: "cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn")
        #expect(
            try ProjectDocument.read(ProjectDocument.written(project), name: "a", members: [])
                == project)
    }

    @Test func `A kept secret is not sent to another endpoint`() throws {
        let (old, _) = try project("roleArn: \"\(Self.arn)\", stsUrl: \"https://sts.example.com\"")
        let (new, _) = try project(
            "roleArn: \"\(Self.arn)\", stsUrl: \"https://other.example.com\"")
        #expect(throws: (any Error).self) {
            try ProjectDocument.read(
                ProjectDocument.shown(new), name: "a", among: [], old: old,
                partitionLabel: "project")
        }
    }

    @Test(arguments: [
        (
            "roleArn: metrics",
            "roleArn: is not the ARN of a role; write it as arn:aws:iam::123456789012:role/name"
        ),
        ("roleArn: \"arn:aws:iam::123456789012:user/x\"", "roleArn: is not the ARN of a role"),
        ("roleArn: \"arn:aws:iam::123456789012:role/\"", "roleArn: is not the ARN of a role"),
        (
            "roleArn: \"\(arn)\", externalId: \"a b\"",
            "externalId: is not an external ID; write 2 to 1224 letters, digits and any of "
                + "_+=,.@:/-"
        ),
        ("roleArn: \"\(arn)\", externalId: a", "externalId: is not an external ID"),
        (
            "externalId: team-a",
            "externalId: externalId is of use with roleArn only; write roleArn, or remove externalId"
        ),
        (
            "stsUrl: \"https://sts.example.com\"",
            "stsUrl: stsUrl is of use with roleArn only; write roleArn, or remove stsUrl"
        ),
        (
            "roleArn: \"\(arn)\", stsUrl: \"https://u:s3cret@sts.example.com\"",
            "stsUrl: the URL of the STS endpoint holds a user name or password; write it as "
                + "https://host"
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
                found.contains { $0.hasPrefix("projects[0].prometheus.sigv4.\(problem)") },
                "\(found)")
            #expect(!found.joined().contains("s3cret"))
        }
    }

    @Test func `A role of promxy is carried over`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  http_client:
                    sigv4:
                      region: eu-west-1
                      access_key: AKID1
                      secret_key: hidden
                      role_arn: "\(Self.arn)"
                      external_id: team-a
            """)
        #expect(conversion.remarks.allSatisfy { !$0.isLoss })
        #expect(conversion.yaml.contains(Self.arn) && conversion.yaml.contains("team-a"))
        #expect(!conversion.yaml.contains("hidden"))
    }
}
