import Foundation
import GatewayConfiguration
import TestSupport
import Testing
import UpstreamSettings

/// Every file in configs/ loads as it stands.
@Suite struct ExampleConfigurationTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("configs")

    static let environment = [
        "PROD_EU_API_KEY": "eu-key", "PROD_US_API_KEY": "us-key", "PROD_EU_TOKEN": "eu-token",
        "PROD_US_PASSWORD": "us-password", "PROD_A_KEY": "a-key", "PROD_B_KEY": "b-key",
        "GRAFANA_TOKEN": "grafana-token", "OPERATORS_TOKEN": "operators-token",
    ]

    private func load(
        _ name: String, without variable: String? = nil, secrets: SecretFiles? = nil
    ) throws(ConfigurationErrors) -> Configuration {
        try Configuration.load(
            path: Self.folder.appendingPathComponent(name).path,
            environment: Self.environment.filter { $0.key != variable }, secrets: secrets)
    }

    @Test func everyExampleLoads() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
            .filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 7)
        for name in names.sorted() + ["docker/tributary.yaml"] { _ = try load(name) }
    }

    @Test func theMainExampleIsThreeMembersAndAllOfThem() throws {
        let configuration = try load("main.yaml")
        #expect(
            configuration.projects.map(\.name) == ["prod-eu", "prod-us", "prod-ap", "prod-global"])
        #expect(configuration.implicitProject?.name == "prod-global")
        #expect(
            configuration.implicitProject?.kind
                == .multiCluster(members: ["prod-eu", "prod-us", "prod-ap"]))
    }

    @Test func theSeedsResourceHasTwoKeysWhenTheirVariablesAreSet() throws {
        let configuration = try load("multi-cluster-coroot.yaml")
        #expect(configuration.format == .customResource)
        #expect(configuration.projects.map(\.name) == ["prod-eu", "prod-us", "prod-global"])
        #expect(
            configuration.projects.flatMap(\.apiKeys).map(\.key.exposed) == ["eu-key", "us-key"])
    }

    @Test func theSeedsResourceNamesTheVariableThatIsNotSet() {
        do throws(ConfigurationErrors) {
            _ = try load("multi-cluster-coroot.yaml", without: "PROD_US_API_KEY")
            Issue.record("accepted")
        } catch let failure {
            #expect(
                failure.errors.map(\.problem) == ["environment variable PROD_US_API_KEY is not set"]
            )
        }
    }

    @Test func missingSecretsOfOnesOwnAreToBeGenerated() throws {
        let configuration = try load("decentralised-cluster-a.yaml")
        #expect(configuration.projects.map(\.name) == ["prod-a"])
        let generated = configuration.notes.map(\.text).filter { $0.contains("generated") }
        #expect(generated.count == 2)
    }

    @Test func generatedSecretsDifferAndSurviveTheNextStart() throws {
        try withTemporaryFolder { folder in
            let secrets = SecretFiles(directory: folder, generation: .whenMissing)
            let first = try load("decentralised-cluster-a.yaml", secrets: secrets)
            let keys = first.projects.flatMap(\.apiKeys).map(\.key.exposed)
            #expect(keys.count == 2 && keys[0] != keys[1])
            #expect(keys.allSatisfy { $0.utf8.count == 32 })
            let second = try load("decentralised-cluster-a.yaml", secrets: secrets)
            #expect(second.projects == first.projects)
        }
    }

    @Test func theHubOfTheDecentralisedGuideReadsItsRemotesKeysFromTheMountedSecret() throws {
        try withTemporaryFolder { folder in
            for (path, value) in [
                ("remote-coroot-clusters/prod-a", "key-a\n"),
                ("remote-coroot-clusters/prod-b", "key-b"), ("coroot/agent-api-key", "key-c"),
            ] {
                let url = URL(fileURLWithPath: folder).appendingPathComponent(path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(value.utf8).write(to: url)
            }
            let configuration = try load(
                "decentralised-cluster-c.yaml", secrets: SecretFiles(directory: folder))
            let keys = configuration.projects.compactMap { project -> String? in
                guard case .remoteCoroot(let remote) = project.kind else { return nil }
                return "\(remote.url) \(remote.apiKey.exposed) \(remote.metricResolution)"
            }
            #expect(
                keys == [
                    "https://coroot-a.example.com key-a 15.0 seconds",
                    "https://coroot-b.example.com key-b 15.0 seconds",
                ])
            guard case .prometheus(let local) = configuration.project(named: "prod-c")?.kind else {
                Issue.record("prod-c has no Prometheus")
                return
            }
            #expect(local.url.description == "http://coroot-prometheus.coroot:9090")
            #expect(configuration.implicitProject?.name == "prod-global")
        }
    }

    @Test func aRemoteWithoutItsSecretIsOutOfServiceAndTheOthersGoOn() throws {
        let secrets = SecretFiles(
            environment: ["TRIBUTARY_SECRET_REMOTE_COROOT_CLUSTERS_PROD_A": "key-a"])
        let configuration = try load("decentralised-cluster-c.yaml", secrets: secrets)
        guard case .remoteCoroot = configuration.project(named: "prod-a")?.kind,
            case .misconfigured(let reason) = configuration.project(named: "prod-b")?.kind
        else {
            Issue.record("\(configuration.projects)")
            return
        }
        #expect(reason.contains("remote-coroot-clusters/prod-b"))
    }

    @Test func theSeedsPoolsLoadWithANoteAboutTheClusterInTwoPools() throws {
        let configuration = try load("cluster-pools.yaml")
        #expect(
            configuration.clusterPools.map(\.name)
                == ["default", "development-cp", "staging-cp", "production-cp", "dr-region"])
        #expect(configuration.clusterPoolAttributes.count == 2)
        #expect(configuration.clusterPoolAttributes.last?.workflow == "my_critical_wf")
        #expect(
            configuration.notes.map(\.text)
                == ["cluster my-dev-cluster is in the pools default and development-cp"])
        #expect(configuration.project(named: "flytesnacks")?.kind == .clusterPool(.attributes))
        #expect(
            configuration.project(named: "disaster-recovery")?.kind
                == .clusterPool(.pool("dr-region")))
    }
}
