import Foundation
import GatewayConfiguration
import TestSupport
import Testing
import UpstreamSettings
import Yams

/// The chart in configs/helm: what it mounts is a configuration, and helm has no complaint.
@Suite struct HelmChartTests {
    static let chart = ExampleConfigurationTests.folder.appendingPathComponent("helm/tributary")

    /// helm, where it is installed or `scripts/fetch-helm` brought it.
    static let helm: String? = {
        let environment = ProcessInfo.processInfo.environment
        let folders = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/helm" }
        let fetched = ExampleConfigurationTests.folder
            .appendingPathComponent("../.build/helm/helm").standardizedFileURL.path
        return ([environment["TRIBUTARY_HELM"]].compactMap { $0 } + folders + [fetched]).first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    @Test(
        .enabled(
            if: helm != nil,
            "no helm is here, see scripts/fetch-helm: the chart is neither linted nor rendered"),
        arguments: [["lint", "--strict"], ["template", "release"]])
    func helmTakesTheChart(command: [String]) throws {
        for values in [
            [], ["--values", Self.chart.appendingPathComponent("ci/hub-values.yaml").path],
        ] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(Self.helm))
            process.arguments = command + [Self.chart.path] + values
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(command) \(values)")
        }
    }

    @Test func theHubsValuesAreAResourceAndItsSettings() throws {
        let values = try node("ci/hub-values.yaml")
        try withTemporaryFolder { folder in
            let (resource, settings) = try mounted(values, in: folder)
            let secrets = SecretFiles(environment: [
                "TRIBUTARY_SECRET_REMOTE_COROOT_CLUSTERS_PROD_A": "key-a",
                "TRIBUTARY_SECRET_REMOTE_COROOT_CLUSTERS_PROD_B": "key-b",
            ])
            let configuration = try Configuration.load(
                resource: resource, settings: settings, secrets: secrets)
            #expect(configuration.format == .customResource)
            #expect(
                configuration.projects.map(\.name)
                    == ["prod-a", "prod-b", "prod-c", "prod-global"])
            #expect(configuration.listenAddress.port == 9090)
            #expect(!configuration.listenAddress.isLoopback)
            #expect(configuration.authentication?.tokens.map(\.projects) == [["prod-global"]])
        }
    }

    @Test func everySecretThatAResourceNamesIsMounted() throws {
        let values = try node("ci/hub-values.yaml")
        let mounted = Set((values["secrets"]?.sequence ?? []).compactMap(\.string))
        var named: Set<String> = []
        func look(_ node: Node) {
            for (key, value) in node.mapping ?? [:] {
                if key.string?.hasSuffix("Secret") == true, let name = value["name"]?.string {
                    named.insert(name)
                }
                look(value)
            }
            for element in node.sequence ?? [] { look(element) }
        }
        look(values)
        #expect(!named.isEmpty && named.isSubset(of: mounted))
        // The defaults make what they need.
        let defaults = try node("values.yaml")
        let generated = (defaults["generatedSecrets"]?.mapping ?? [:]).compactMap(\.key.string)
        #expect(generated == (defaults["secrets"]?.sequence ?? []).compactMap(\.string))
    }

    @Test func settingsBesideAResourceHaveNoProjects() throws {
        try withTemporaryFolder { folder in
            let (resource, settings) = try mounted(try node("ci/hub-values.yaml"), in: folder)
            try "projects: []\ndefaultProject: nope\n".write(
                toFile: settings, atomically: true, encoding: .utf8)
            do throws(ConfigurationErrors) {
                _ = try Configuration.load(resource: resource, settings: settings)
                Issue.record("accepted")
            } catch {
                #expect(
                    error.errors.map(\.problem)
                        == ["projects stand in the custom resource", "unknown project nope"])
            }
            do throws(ConfigurationErrors) {
                _ = try Configuration.load(
                    resource: ExampleConfigurationTests.folder.appendingPathComponent("main.yaml")
                        .path, settings: settings)
                Issue.record("accepted")
            } catch {
                #expect(
                    error.errors.map(\.problem).first?.hasPrefix("is no custom resource") == true)
            }
        }
    }

    private func node(_ file: String) throws -> Node {
        let text = try String(
            contentsOf: Self.chart.appendingPathComponent(file), encoding: .utf8)
        return try #require(try Yams.compose(yaml: text))
    }

    /// The two files of the config map, with the token where this machine has it.
    private func mounted(
        _ values: Node, in folder: String
    ) throws -> (resource: String, settings: String) {
        let token = "\(folder)/token"
        try "a-token-of-grafana".write(toFile: token, atomically: true, encoding: .utf8)
        let resource = try Yams.serialize(node: try #require(values["resource"]))
        let settings = try Yams.serialize(node: try #require(values["settings"]))
            .replacingOccurrences(
                of: "/etc/tributary/secrets/tributary-tokens/grafana", with: token)
        let paths = (resource: "\(folder)/coroot.yaml", settings: "\(folder)/settings.yaml")
        try resource.write(toFile: paths.resource, atomically: true, encoding: .utf8)
        try settings.write(toFile: paths.settings, atomically: true, encoding: .utf8)
        return paths
    }
}
