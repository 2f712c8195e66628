import Foundation
import GatewayConfiguration
import SeedDocuments
import TestSupport
import Testing
import UpstreamSettings

/// The documents' own YAML, unchanged. What takes a gateway is in GatewayTests.
@Suite struct SeedDocumentsTests {
    private static let documentsAreHere = SeedDocuments.folder != nil

    @Test(
        .enabled(
            if: documentsAreHere,
            "the seed documents are not beside this repository; their copies in configs/ are tested"
        ))
    func theCopiesInConfigsAreWhatTheDocumentsPrint() throws {
        for block in SeedBlock.all { #expect(try block.copied() == block.text(), "\(block.copy)") }
        // The third document is the second one with the indentation lost.
        let third = try #require(try SeedDocuments.text(of: "002"))
        let lines = { (text: String) in
            text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        }
        let printed = lines(third)
        for block in [SeedBlock.clusterA, .clusterB, .clusterC] {
            let wanted = lines(try block.text())
            let found = printed.indices.contains { start in
                printed[start...].prefix(wanted.count).elementsEqual(wanted)
            }
            #expect(found, "\(block.copy)")
        }
    }

    /// With "definition omitted for brevity", as the document prints it.
    private static let abridged = """
        projects:
          - name: prod-eu
            # regular project definition omitted for brevity

          - name: prod-us
            # regular project definition omitted for brevity

          - name: prod-global
            memberProjects:
              - prod-eu
              - prod-us

        """

    private func problems(_ yaml: String, existing: Set<String> = []) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(yaml, path: "c.yaml", existingProjects: existing)
            return []
        } catch {
            return error.errors.map(\.problem)
        }
    }

    @Test func theAbridgedFileLacksTwoDefinitionsAndIsRightWithThem() throws {
        let printed = try SeedDocuments.blocks(of: "000")?.first ?? Self.abridged
        #expect(printed == Self.abridged)
        let missing = "no data source and no api keys are defined"
        #expect(problems(printed) == [missing, missing])
        let filled = printed.replacingOccurrences(
            of: "# regular project definition omitted for brevity",
            with: "prometheus: {url: http://prometheus}")
        let configuration = try Configuration.parse(filled, path: "c.yaml")
        #expect(
            configuration.project(named: "prod-global")?.kind
                == .multiCluster(members: ["prod-eu", "prod-us"]))
    }

    @Test func membersComeFromTheStoreOrFromAbove() {
        let global = """
              - name: prod-global
                memberProjects:
                  - prod-eu
                  - prod-us

            """
        let members = """
              - {name: prod-eu, prometheus: {url: http://eu}}
              - {name: prod-us, prometheus: {url: http://us}}

            """
        #expect(problems("projects:\n" + members + global) == [])
        #expect(problems("projects:\n" + global + members).count == 2)
        #expect(problems("projects:\n" + global, existing: ["prod-eu", "prod-us"]) == [])
    }

    @Test func theResourceHasTwoKeysOrNamesTheVariableThatIsMissing() throws {
        let yaml = try SeedBlock.resource.text()
        let both = ["PROD_EU_API_KEY": "eu", "PROD_US_API_KEY": "us"]
        let configuration = try Configuration.parse(yaml, path: "c.yaml", environment: both)
        #expect(configuration.projects.flatMap(\.apiKeys).map(\.key.exposed) == ["eu", "us"])
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(
                yaml, path: "c.yaml", environment: ["PROD_US_API_KEY": "us"])
            Issue.record("accepted")
        } catch {
            #expect(
                error.errors.map(\.problem) == ["environment variable PROD_EU_API_KEY is not set"])
        }
    }

    @Test(arguments: [(SeedBlock.clusterA, "prod-a"), (SeedBlock.clusterB, "prod-b")])
    func aClustersResourceMakesItsTwoKeysOnce(block: SeedBlock, project: String) throws {
        try withTemporaryFolder { folder in
            let yaml = try block.text()
            let secrets = SecretFiles(directory: folder, generation: .whenMissing)
            let first = try Configuration.parse(yaml, path: "c.yaml", secrets: secrets)
            #expect(first.projects.map(\.name) == [project])
            let keys = first.projects[0].apiKeys.map(\.key.exposed)
            #expect(keys.count == 2 && keys[0] != keys[1])
            #expect(keys.allSatisfy { $0.utf8.count == 32 })
            let second = try Configuration.parse(yaml, path: "c.yaml", secrets: secrets)
            #expect(second.projects == first.projects)
            // Only looking makes nothing.
            let other = "\(folder)/other"
            _ = try Configuration.parse(
                yaml, path: "c.yaml", secrets: SecretFiles(directory: other, generation: .never))
            #expect(!FileManager.default.fileExists(atPath: other))
        }
    }

    @Test func theHubsResourceIsTwoRemotesOneLocalProjectAndAllOfThem() throws {
        let secrets = SecretFiles(environment: [
            "TRIBUTARY_SECRET_REMOTE_COROOT_CLUSTERS_PROD_A": "key-a",
            "TRIBUTARY_SECRET_REMOTE_COROOT_CLUSTERS_PROD_B": "key-b",
        ])
        let configuration = try Configuration.parse(
            SeedBlock.clusterC.text(), path: "c.yaml", secrets: secrets)
        #expect(
            configuration.projects.map { "\($0.name) \($0.kindName)" } == [
                "prod-a remoteCoroot", "prod-b remoteCoroot", "prod-c prometheus",
                "prod-global multiCluster",
            ])
        // The fields that are no business of a gateway are listed, not refused.
        let ignored = configuration.notes.filter { $0.text.contains("ignored") }.map(\.keyPath)
        #expect(
            ignored == ["spec.metricsRefreshInterval", "spec.service", "spec.apiKeySecret"])
    }

    @Test func thePoolsAndAttributesAreReadAsPrinted() throws {
        let pools = try SeedBlock.pools.text().split(separator: "\n").map { "  \($0)\n" }.joined()
        let attributes = try [SeedBlock.developmentAttribute, .productionAttribute].map { block in
            let lines = try block.text().split(separator: "\n")
            return "  - " + lines.joined(separator: "\n    ") + "\n"
        }.joined()
        let names = [
            "my-dev-cluster", "my-staging-cluster", "production-cluster-1", "production-cluster-2",
            "dr-site-cluster",
        ]
        let clusters = names.map { "  - {name: \($0), prometheus: {url: \"http://\($0)\"}}\n" }
        let configuration = try Configuration.parse(
            "clusters:\n\(clusters.joined())clusterPools:\n\(pools)"
                + "clusterPoolAttributes:\n\(attributes)"
                + "projects: [{name: flytesnacks, clusterPool: attributes}]", path: "c.yaml")
        #expect(
            configuration.clusterPools == [
                ClusterPool(name: "default", clusters: ["my-dev-cluster"]),
                ClusterPool(name: "development-cp", clusters: ["my-dev-cluster"]),
                ClusterPool(name: "staging-cp", clusters: ["my-staging-cluster"]),
                ClusterPool(
                    name: "production-cp",
                    clusters: ["production-cluster-1", "production-cluster-2"]),
                ClusterPool(name: "dr-region", clusters: ["dr-site-cluster"]),
            ])
        #expect(
            configuration.clusterPoolAttributes == [
                ClusterPoolAttribute(
                    project: "flytesnacks", domain: "development",
                    clusterPoolName: "development-cp"),
                ClusterPoolAttribute(
                    project: "flytesnacks", domain: "production", workflow: "my_critical_wf",
                    clusterPoolName: "production-cp"),
            ])
        #expect(
            configuration.notes.map(\.text)
                == ["cluster my-dev-cluster is in the pools default and development-cp"])
    }
}
