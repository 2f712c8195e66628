import Foundation
import GatewayConfiguration
import TestSupport
import Testing
import UpstreamSettings
import Yams

/// What helm makes of the chart in configs/helm, with values of several kinds.
@Suite(
    .enabled(
        if: HelmChartTests.helm != nil,
        "no helm is here, see scripts/fetch-helm: the chart is not rendered"))
struct HelmRenderingTests {
    private static let replicas = ["--values", "ci/replicas-values.yaml"]

    @Test func theNameIsThatOfTheReleaseAndTheChart() throws {
        for (release, options, name) in [
            ("prod", [], "prod-tributary"), ("my-tributary", [], "my-tributary"),
            ("prod", ["--set", "fullnameOverride=gateway"], "gateway"),
            ("prod", ["--set", "nameOverride=metrics"], "prod-metrics"),
        ] {
            let objects = try rendered(options, release: release)
            for kind in ["Deployment", "Service", "ConfigMap", "ServiceAccount"] {
                #expect(objects[kind]?["metadata"]?["name"]?.string == name)
            }
            #expect(gateway(objects)?["name"]?.string == "tributary")
            #expect(
                podSpec(objects)?["volumes"]?.sequence?.first?["configMap"]?["name"]?.string == name
            )
        }
    }

    @Test func thePodHasNoRightsThatItDoesNotNeed() throws {
        let objects = try rendered([])
        let pod = try #require(podSpec(objects))
        #expect(pod["automountServiceAccountToken"]?.bool == false)
        #expect(objects["ServiceAccount"]?["automountServiceAccountToken"]?.bool == false)
        #expect(pod["securityContext"]?["runAsNonRoot"]?.bool == true)
        #expect(pod["securityContext"]?["seccompProfile"]?["type"]?.string == "RuntimeDefault")
        let own = try #require(gateway(objects)?["securityContext"])
        #expect(own["readOnlyRootFilesystem"]?.bool == true)
        #expect(own["allowPrivilegeEscalation"]?.bool == false)
        #expect(own["capabilities"]?["drop"]?.sequence?.compactMap(\.string) == ["ALL"])
    }

    @Test func probesAskWhereTheGatewayAnswers() throws {
        let probes = ["startupProbe", "readinessProbe", "livenessProbe"]
        for (options, scheme, prefix) in [
            ([], nil, ""), (Self.replicas, "HTTPS", "/tributary"),
        ] as [([String], String?, String)] {
            let container = try #require(gateway(try rendered(options)))
            for probe in probes {
                let get = try #require(container[probe]?["httpGet"], "\(probe)")
                #expect(get["scheme"]?.string == scheme)
                let page = probe == "livenessProbe" ? "healthy" : "ready"
                #expect(get["path"]?.string == "\(prefix)/-/\(page)")
            }
        }
        // The kubelet has no certificate to show.
        let options =
            Self.replicas + ["--set", "settings.tls.clientCAFile=/etc/tributary/clients.crt"]
        let container = try #require(gateway(try rendered(options)))
        for probe in probes {
            #expect(container[probe]?["httpGet"] == nil)
            #expect(container[probe]?["tcpSocket"]?["port"]?.string == "http")
        }
    }

    @Test func whatIsOffIsNotThere() throws {
        let kinds = Set(try rendered([]).keys)
        #expect(kinds == ["ServiceAccount", "Secret", "ConfigMap", "Service", "Deployment"])
    }

    @Test func everythingThatIsOnBelongsToTheSamePods() throws {
        let objects = try rendered(Self.replicas)
        let labels = ["app.kubernetes.io/name": "tributary", "app.kubernetes.io/instance": "prod"]
        func texts(_ node: Node?) -> [String: String] {
            Dictionary(
                (node?.mapping ?? [:]).compactMap { entry in
                    entry.key.string.flatMap { key in entry.value.string.map { (key, $0) } }
                }, uniquingKeysWith: { first, _ in first })
        }
        let selectors = [
            objects["Deployment"]?["spec"]?["selector"]?["matchLabels"],
            objects["Service"]?["spec"]?["selector"],
            objects["PodDisruptionBudget"]?["spec"]?["selector"]?["matchLabels"],
            objects["NetworkPolicy"]?["spec"]?["podSelector"]?["matchLabels"],
            objects["ServiceMonitor"]?["spec"]?["selector"]?["matchLabels"],
            podSpec(objects)?["topologySpreadConstraints"]?.sequence?.first?["labelSelector"]?[
                "matchLabels"],
        ]
        for selector in selectors { #expect(texts(selector) == labels) }
        let ofPods = texts(objects["Deployment"]?["spec"]?["template"]?["metadata"]?["labels"])
        #expect(ofPods.merging(labels) { $1 } == ofPods && ofPods["team"] == "metrics")
        #expect(
            objects["HorizontalPodAutoscaler"]?["spec"]?["scaleTargetRef"]?["name"] == "gateway")
        // The autoscaler decides how many there are.
        #expect(objects["Deployment"]?["spec"]?["replicas"] == nil)
        let rule = objects["Ingress"]?["spec"]?["rules"]?.sequence?.first
        let path = rule?["http"]?["paths"]?.sequence?.first
        #expect(path?["path"]?.string == "/tributary/")
        #expect(path?["backend"]?["service"]?["name"]?.string == "gateway")
        let endpoint = objects["ServiceMonitor"]?["spec"]?["endpoints"]?.sequence?.first
        #expect(endpoint?["path"]?.string == "/tributary/metrics")
        #expect(endpoint?["scheme"]?.string == "https")
        #expect(endpoint?["authorization"]?["credentials"]?["key"]?.string == "grafana")
        let image = gateway(objects)?["image"]?.string
        #expect(image?.hasPrefix("registry.example.com/metrics/tributary@sha256:") == true)
    }

    @Test func theRulesAreThoseOfTheRepository() throws {
        func text(_ path: String) throws -> String {
            try String(
                contentsOf: ExampleConfigurationTests.folder.appendingPathComponent(path),
                encoding: .utf8)
        }
        let rules = try text("alerts/tributary.yaml")
        #expect(try text("helm/tributary/files/alerts.yaml") == rules)
        let groups = try rendered(Self.replicas)["PrometheusRule"]?["spec"]?["groups"]
        #expect(groups == (try Yams.compose(yaml: rules))?["groups"])
    }

    @Test func severalReplicasDoNotKeepStateOfTheirOwn() throws {
        for (options, words) in [
            (["--set", "replicas=2"], "set settings.data_dir to null"),
            (["--set", "autoscaling.enabled=true"], "set settings.data_dir to null"),
            (
                ["--set", "replicas=2,persistence.enabled=true"],
                "several replicas cannot share a volume"
            ),
        ] {
            let outcome = try helm(["template", "prod"] + options)
            #expect(outcome.status != 0 && outcome.errors.contains(words), "\(outcome.errors)")
        }
        #expect(
            try helm(["template", "prod", "--set", "replicas=2,settings.data_dir=null"]).status == 0
        )
    }

    @Test(arguments: [
        "replica=2", "image.pullPolicy=Sometimes", "image.digest=latest", "service.port=0",
        "settings.listen_address=0.0.0.0:8080", "serviceMonitor.interval=soon",
    ])
    func aWrongValueIsRefused(value: String) throws {
        let outcome = try helm(["template", "prod", "--set", value])
        #expect(outcome.status != 0)
        let key = value.prefix { $0 != "=" }.split(separator: ".").last ?? ""
        #expect(outcome.errors.contains("schema") && outcome.errors.contains(key))
    }

    @Test func theSettingsOfTheReplicasAreAConfiguration() throws {
        let text = try #require(
            try rendered(Self.replicas)["ConfigMap"]?["data"]?["settings.yaml"]?.string)
        try withTemporaryFolder { folder in
            let token = "\(folder)/token"
            try "a-token-of-grafana".write(toFile: token, atomically: true, encoding: .utf8)
            // The pod has the certificates and the password; what is read here is the rest.
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            lines.removeAll {
                $0.hasPrefix("tls:") || $0.contains("certFile:") || $0.contains("keyFile:")
            }
            let path = "\(folder)/settings.yaml"
            try lines.joined(separator: "\n")
                .replacingOccurrences(
                    of: "/etc/tributary/secrets/tributary-tokens/grafana", with: token
                )
                .replacingOccurrences(of: "${PG_PASSWORD}", with: "secret")
                .write(toFile: path, atomically: true, encoding: .utf8)
            let configuration = try Configuration.load(path: path)
            #expect(configuration.projects.map(\.name) == ["eu", "us", "world"])
            #expect(configuration.urlBasePath == "/tributary")
        }
    }

    @Test func theReadmeNamesEveryValue() throws {
        let readme = try String(
            contentsOf: HelmChartTests.chart.appendingPathComponent("README.md"), encoding: .utf8)
        let values = try String(
            contentsOf: HelmChartTests.chart.appendingPathComponent("values.yaml"), encoding: .utf8)
        let keys = (try Yams.compose(yaml: values)?.mapping ?? [:]).compactMap(\.key.string)
        #expect(keys.count > 20)
        for key in keys {
            #expect(
                readme.contains("`\(key)`") || readme.contains("`\(key)."), "\(key) is not named")
        }
    }

    // What helm says

    private typealias Outcome = (status: Int32, output: String, errors: String)

    private func helm(_ arguments: [String]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(HelmChartTests.helm))
        process.currentDirectoryURL = HelmChartTests.chart
        process.arguments = arguments.prefix(2) + ["."] + arguments.dropFirst(2)
        return try withTemporaryFolder { folder in
            let paths = ["\(folder)/output", "\(folder)/errors"]
            for path in paths { _ = FileManager.default.createFile(atPath: path, contents: nil) }
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: paths[0]))
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: paths[1]))
            try process.run()
            process.waitUntilExit()
            let texts = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
            return (process.terminationStatus, texts[0], texts[1])
        }
    }

    /// The objects by kind; no kind is there twice.
    private func rendered(_ options: [String], release: String = "prod") throws -> [String: Node] {
        let outcome = try helm(["template", release] + options)
        #expect(outcome.status == 0, "\(outcome.errors)")
        var objects: [String: Node] = [:]
        for object in try Yams.compose_all(yaml: outcome.output) {
            guard let kind = object["kind"]?.string else { continue }
            #expect(objects[kind] == nil, "\(kind)")
            objects[kind] = object
        }
        return objects
    }

    private func podSpec(_ objects: [String: Node]) -> Node? {
        objects["Deployment"]?["spec"]?["template"]?["spec"]
    }

    private func gateway(_ objects: [String: Node]) -> Node? {
        podSpec(objects)?["containers"]?.sequence?.first
    }
}
