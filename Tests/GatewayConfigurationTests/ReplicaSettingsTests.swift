import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `replicas` of a project.
@Suite struct ReplicaSettingsTests {
    private func parse(_ rest: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse("projects:\n  - name: a\n\(rest)", path: "c.yaml")
    }

    private func errors(_ rest: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try parse(rest)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private static let pair = """
            replicas:
              - prometheus: {url: http://a:9090, bearerToken: secret-of-a}
                timeRange: {newerThan: 15d}
              - prometheus:
                  url: http://b:9090
                  basicAuth: {username: me, password: secret-of-b}

        """

    @Test func replicasAreReadPrintedAndStored() throws {
        let configuration = try parse(
            Self.pair + "    replicaLabels: [prometheus_replica, replica]\n    dedup: raw\n")
        let project = try #require(configuration.projects.first)
        guard case .replicas(let group) = project.kind else {
            Issue.record("no replicas")
            return
        }
        #expect(
            group.replicas.map(\.prometheus?.url.description) == ["http://a:9090", "http://b:9090"])
        #expect(group.replicas[0].timeRange.newerThan == .seconds(15 * 86_400))
        #expect(group.labels == ["prometheus_replica", "replica"] && group.deduplication == .raw)
        #expect(!configuration.redactedYAML.contains("secret-of"))
        let shown = ProjectDocument.shown(project)
        #expect(!String(decoding: shown.json, as: UTF8.self).contains("secret-of"))
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
        // What is shown, sent back, keeps the secrets.
        let sent = try ProjectDocument.read(
            shown, name: "a", among: [], old: project, partitionLabel: "project")
        #expect(sent == project)
    }

    @Test func aRedactedSecretIsNotKeptForAnotherServer() throws {
        let project = try #require(try parse(Self.pair).projects.first)
        var shown = ProjectDocument.shown(project)
        guard case .list(var replicas)? = shown["replicas"] else {
            Issue.record("no list")
            return
        }
        replicas.swapAt(0, 1)
        shown["replicas"] = .list(replicas)
        #expect(throws: StoreRefusal.self) {
            try ProjectDocument.read(
                shown, name: "a", among: [], old: project, partitionLabel: "project")
        }
    }

    @Test func theSelectorOfAProjectIsThatOfAllReplicas() throws {
        let project = try #require(
            try parse(Self.pair + "    selector: '{cluster=\"eu\"}'\n").projects.first)
        #expect(project.sources.count == 2)
        guard case .replicas(let group) = project.kind else { return }
        #expect(group.servers(Findings()).allSatisfy { $0.prometheus.selector != nil })
    }

    @Test func `Names tell replicas, which have the time range and the selector of their element`()
        throws
    {
        let configuration = try parse(
            """
                selector: '{cluster="eu"}'
                replicas:
                  - discovery: {dns: {names: [a.example], type: A, port: 90}}
                    timeRange: {newerThan: 15d}
                  - prometheus: {url: http://store:9090}

            """)
        let project = try #require(configuration.projects.first)
        guard case .replicas(let group) = project.kind else {
            Issue.record("no replicas")
            return
        }
        let names = try #require(group.discoveries.first)
        #expect(configuration.discoverySources == [.names(names)])
        #expect(configuration.memberSources(of: project).map(\.name) == ["A a.example"])
        #expect(group.servers(Findings()).map(\.name) == ["replicas[1]"])
        var findings = Findings()
        let found = ["10.0.0.1", "10.0.0.2"].compactMap {
            names.cluster(host: $0, port: 90, of: "a.example")
        }
        findings.bySource[.names(names)] = Findings.Finding(.clusters(found))
        let servers = group.servers(findings)
        #expect(servers.map(\.name) == ["10.0.0.1:90", "10.0.0.2:90", "replicas[1]"])
        #expect(
            servers.map { $0.timeRange.newerThan == .seconds(15 * 86_400) } == [true, true, false])
        #expect(servers.allSatisfy { $0.prometheus.selector != nil })
        let printed = try Configuration.parse(configuration.redactedYAML, path: "p.yaml")
        #expect(printed.projects == configuration.projects)
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
        // More than are allowed are not asked.
        let many = (0..<40).compactMap {
            names.cluster(host: "10.0.0.\($0)", port: 90, of: "a.example")
        }
        findings.bySource[.names(names)] = Findings.Finding(.clusters(many))
        #expect(group.servers(findings).count == ReplicaGroup.most)
    }

    @Test(arguments: [
        (
            "    replicas: [{prometheus: {url: http://a}, discovery: {dns: {names: [b]}}}]\n",
            "replicas[0]: project a: prometheus and discovery exclude each other; keep one of them"
        ),
        (
            "    replicas: [{discovery: {}}]\n",
            "replicas[0].discovery: project a: nothing tells the servers; write dns"
        ),
        (
            "    replicas: []\n",
            "replicas: project a: lists no replica; list the servers that scrape"
        ),
        (
            "    replicas: [{timeRange: {newerThan: 1d}}]\n",
            "replicas[0]: project a: a replica needs a server; write prometheus"
        ),
        (
            "    replicas: [{prometheus: {url: http://a}}, {prometheus: {url: http://a}}]\n",
            "replicas[1]: project a: is the same as replicas[0]; list every replica once"
        ),
        (
            "    replicas: [{prometheus: {url: http://a}}]\n    prometheus: {url: http://b}\n",
            "projects[0]: project a: prometheus and replicas exclude each other; keep one of them"
        ),
        (
            "    prometheus: {url: http://b}\n    replicaLabels: [x]\n",
            "replicaLabels: project a: only a project with replicas has replicaLabels; remove it"
        ),
        (
            "    prometheus: {url: http://b}\n    dedup: raw\n",
            "dedup: project a: only a project with replicas has dedup; remove it"
        ),
        (
            "    replicas: [{prometheus: {url: http://a}}]\n    dedup: row\n",
            "dedup: project a: is not one of auto, raw; did you mean raw?"
        ),
        (
            "    replicas: [{prometheus: {url: http://a}}]\n    replicaLabels: [x, x]\n",
            "replicaLabels[1]: project a: label x is listed twice; list every label once"
        ),
        (
            "    replicas: [{prometheus: {url: http://a}}]\n    replicaLabels: [__name__]\n",
            "replicaLabels[0]: project a: label __name__ begins with __"
        ),
        (
            "    replicas: [{prometheus: {url: http://a}, timeRange: {newerThan: 1h, olderThan: 2h}}]\n",
            "replicas[0].timeRange: project a: no sample is newer than 1h and older than 2h"
        ),
    ])
    func whatIsWrongIsToldWithItsPlaceAndTheMend(text: String, problem: String) {
        let found = errors(text)
        #expect(found.count == 1 && found.first?.contains(problem) == true, "\(found)")
    }

    @Test func moreReplicasThanAllowedAreRefused() {
        let list = (0..<17).map { "{prometheus: {url: \"http://r\($0)\"}}" }
        let found = errors("    replicas: [\(list.joined(separator: ", "))]\n")
        #expect(found.first?.contains("17 replicas are given; at most 16 are allowed") == true)
    }
}
