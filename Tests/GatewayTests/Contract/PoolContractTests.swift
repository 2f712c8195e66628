import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import HTTPTransport
import Logging
import PrometheusServer
import SeedDocuments
import Testing
import Upstream

@testable import Federation
@testable import Gateway

/// Section 9 of the contract of projects: which pool answers, and which of its clusters. Pools and
/// attributes are those of the document. A test is named after its row.
@Suite(.closesGateways) struct PoolContractTests {
    /// The clusters of the document, each a Prometheus with one series that names it.
    struct Pools: Sendable {
        var gateway: PrometheusResponder
        var visits: [String: Visits]

        /// Who was asked since the last look.
        func asked() async -> Set<String> {
            var names: Set<String> = []
            for (name, visits) in visits where await !visits.take().isEmpty { names.insert(name) }
            return names
        }
    }

    static let clusters = [
        "my-dev-cluster", "my-staging-cluster", "production-cluster-1", "production-cluster-2",
        "dr-site-cluster",
    ]

    private static func configuration(
        _ ports: [String: Int], extra: String = "", disabled: Set<String> = [],
        withDefault: Bool = true
    ) throws -> Configuration {
        let clusters = clusters.map { name in
            "  - {name: \(name), prometheus: {url: \"http://127.0.0.1:\(ports[name] ?? 1)\"}, "
                + "enabled: \(!disabled.contains(name))}\n"
        }
        var pools = try SeedBlock.pools.text().split(separator: "\n").map { "  \($0)\n" }
        if !withDefault { pools.removeFirst(2) }
        let attributes = try [SeedBlock.developmentAttribute, .productionAttribute].map { block in
            "  - "
                + (try block.text().split(separator: "\n").joined(separator: "\n    ")) + "\n"
        }
        return try Configuration.parse(
            "clusters:\n\(clusters.joined())clusterPools:\n\(pools.joined())"
                + "clusterPoolAttributes:\n\(attributes.joined())" + """
                    clusterPoolAssignments:
                      projects: {assigned: staging-cp}
                      domains: {recovery: dr-region}
                    projects:
                      - {name: flytesnacks, clusterPool: attributes}
                      - {name: assigned, clusterPool: attributes}
                      - {name: fixed, clusterPool: dr-region}
                      - {name: critical, clusterPool: production-cp}
                      - {name: all, memberProjects: [flytesnacks, critical]}
                    \(extra)
                    """, path: "c.yaml")
    }

    private func withPools(
        dead: Set<String> = [], slow: Set<String> = [], disabled: Set<String> = [],
        // Who is asked beside whom, on a busy machine, is the business of one test alone.
        extra: String = "query: {hedgeAfter: 10m}", withDefault: Bool = true,
        _ work: @escaping @Sendable (Pools) async throws -> Void
    ) async throws {
        var responders: [String: PrometheusResponder] = [:]
        var visits: [String: Visits] = [:]
        for name in Self.clusters where !dead.contains(name) {
            let api = SampleData.api([(["__name__": "up", "cluster": name], 1)])
            let own = Visits()
            let isSlow = slow.contains(name)
            visits[name] = own
            responders[name] = own.responder { request in
                if isSlow { try await Task.sleep(for: .seconds(30)) }
                return await api.respond(to: request)
            }
        }
        let known = visits
        try await LoopbackServers.serve(responders) { ports in
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let configuration = try Self.configuration(
                ports, extra: extra, disabled: disabled, withDefault: withDefault)
            let gateway = try GatewayApplication(configuration: configuration, logger: logger)
                .closedAtTheEnd()
            try await work(Pools(gateway: gateway.responder, visits: known))
        }
    }

    private static let production = "/p/flytesnacks/d/production/w/my_critical_wf/api/v1"

    @Test(arguments: [
        ("flytesnacks/d/production/w/my_critical_wf", "production-cp", "workflow"),
        ("flytesnacks/d/production/w/other", "default", "default"),
        ("flytesnacks/d/production", "default", "default"),
        ("flytesnacks/d/development/w/any", "development-cp", "project-domain"),
        ("flytesnacks/d/development", "development-cp", "project-domain"),
        ("flytesnacks", "default", "default"),
        ("assigned/d/development", "staging-cp", "project"),
        ("assigned/d/recovery", "staging-cp", "project"),
        ("flytesnacks/d/recovery", "dr-region", "domain"),
        ("fixed/d/production", "dr-region", "named"),
    ])
    func
        `Row 41: workflow, project and domain, project, domain, default, and the answer says which`(
            address: String, pool: String, level: String
        ) async throws
    {
        try await withPools { pools in
            let answer = try await pools.gateway.ask("/p/\(address)/api/v1/query?query=up")
            #expect(answer.status == 200)
            #expect(answer.headers["X-Tributary-Pool"] == pool)
            #expect(answer.headers["X-Tributary-Pool-Level"] == level)
            let cluster = try #require(answer.headers["X-Tributary-Cluster"])
            #expect(answer.body.contains(#""cluster":"\#(cluster)""#))
            #expect(await pools.asked() == [cluster])
        }
    }

    @Test func `Row 41: a requested pool must not contradict the configured one`() async throws {
        try await withPools { pools in
            let wanted = { (address: String, pool: String) in
                try await pools.gateway.ask(
                    "/p/\(address)/api/v1/query?query=up&clusterPool=\(pool)")
            }
            let free = try await wanted("flytesnacks", "dr-region")
            #expect(free.headers["X-Tributary-Pool"] == "dr-region")
            #expect(free.headers["X-Tributary-Pool-Level"] == "requested")
            let same = try await wanted("flytesnacks/d/development", "development-cp")
            #expect(same.headers["X-Tributary-Pool-Level"] == "project-domain")
            let other = try await wanted("flytesnacks/d/development", "dr-region")
            #expect(other.status == 400)
            for part in ["flytesnacks", "development", "dr-region", "development-cp"] {
                #expect(other.body.contains(#"\"\#(part)\""#))
            }
            let unknown = try await wanted("flytesnacks", "nope")
            #expect(unknown.status == 400)
            #expect(unknown.body.contains(#"unknown cluster pool \"nope\""#))
        }
    }

    @Test func `Row 41: without a pool default nothing answers for the rest`() async throws {
        try await withPools(withDefault: false) { pools in
            let answer = try await pools.gateway.ask("/p/flytesnacks/api/v1/query?query=up")
            #expect(answer.status == 404)
            #expect(answer.body.contains(#""errorType":"not_found""#))
            let found = try await pools.gateway.ask(Self.production + "/query?query=up")
            #expect(found.status == 200)
            // In a view of several it is a missing member.
            let partial = try await pools.gateway.ask("/p/all/api/v1/query?query=up")
            #expect(partial.status == 200)
            #expect(partial.body.contains(#"project \"flytesnacks\": no cluster pool is set"#))
        }
    }

    @Test func `Row 42: the same question goes to the same cluster, and questions spread`()
        async throws
    {
        try await withPools { pools in
            var chosen: Set<String> = []
            for number in 0..<16 {
                let path = Self.production + "/query?query=up%20%2B%20\(number)&time=1000"
                let first = try await pools.gateway.ask(path)
                let again = try await pools.gateway.ask(path)
                let cluster = try #require(first.headers["X-Tributary-Cluster"])
                #expect(again.headers["X-Tributary-Cluster"] == cluster)
                chosen.insert(cluster)
            }
            #expect(chosen == ["production-cluster-1", "production-cluster-2"])
        }
    }

    @Test func `Row 42: a cluster that is down is passed over, and a disabled one never asked`()
        async throws
    {
        try await withPools(dead: ["production-cluster-1"]) { pools in
            for number in 0..<8 {
                let answer = try await pools.gateway.ask(
                    Self.production + "/query?query=up%20%2B%20\(number)")
                #expect(answer.status == 200)
                #expect(!answer.body.contains("warnings"))
                #expect(answer.headers["X-Tributary-Cluster"] == "production-cluster-2")
                let labels = try await pools.gateway.ask(
                    Self.production + "/label/cluster/values?match[]=up%7Bn!=%22\(number)%22%7D")
                #expect(labels.body.contains(#"["production-cluster-2"]"#))
            }
        }
        try await withPools(disabled: ["production-cluster-2"]) { pools in
            for number in 0..<8 {
                _ = try await pools.gateway.ask(
                    Self.production + "/query?query=up%20%2B%20\(number)")
            }
            #expect(await pools.asked() == ["production-cluster-1"])
        }
    }

    @Test func `Row 42: beside a slow cluster a second one is asked`() async throws {
        try await withPools(
            slow: ["production-cluster-1"], extra: "query: {hedgeAfter: 50ms}"
        ) { pools in
            for number in 0..<8 {
                let answer = try await pools.gateway.ask(
                    Self.production + "/query?query=up%20%2B%20\(number)&timeout=10s")
                #expect(answer.headers["X-Tributary-Cluster"] == "production-cluster-2")
                #expect(answer.status == 200)
            }
            #expect(await pools.asked() == ["production-cluster-1", "production-cluster-2"])
        }
    }

    @Test func `Row 42: with nobody left the pool is named, and no other pool is asked`()
        async throws
    {
        try await withPools(dead: ["production-cluster-1", "production-cluster-2"]) { pools in
            // Until the two are known to be down, and after that.
            for number in 0..<12 {
                let answer = try await pools.gateway.ask(
                    Self.production + "/query?query=up%20%2B%20\(number)")
                #expect(answer.status == 503)
                #expect(answer.body.contains(#""errorType":"unavailable""#))
                #expect(answer.body.contains(#"pool \"production-cp\""#), "\(answer.body)")
                #expect(answer.body.contains("production-cluster-1: connection refused"))
                #expect(answer.headers["X-Tributary-Cluster"] == nil)
            }
            let labels = try await pools.gateway.ask(Self.production + "/labels")
            #expect(labels.status == 503)
            #expect(labels.body.contains(#"pool \"production-cp\""#))
            #expect(await pools.asked().isEmpty)
        }
        try await withPools(disabled: ["dr-site-cluster"]) { pools in
            let answer = try await pools.gateway.ask("/p/fixed/api/v1/query?query=up")
            #expect(answer.status == 503)
            #expect(
                answer.body.contains(#"cluster pool \"dr-region\" has no enabled cluster"#))
        }
    }

    @Test func aPooledProjectIsAMemberLikeAnyOther() async throws {
        try await withPools { pools in
            let answer = try await pools.gateway.ask(
                "/p/all/d/development/api/v1/query?query=count%20by%20(project,cluster)(up)")
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""cluster":"my-dev-cluster","project":"flytesnacks""#))
            #expect(answer.body.contains(#""project":"critical""#))
            #expect(
                answer.headers["X-Tributary-Pool"]
                    == "flytesnacks=development-cp, critical=production-cp")
            #expect(
                answer.headers["X-Tributary-Pool-Level"]
                    == "flytesnacks=project-domain, critical=named")
        }
    }

    @Test func `Row 44: a change of the mapping concerns new requests only`() async throws {
        var configuration = try Self.configuration([:])
        let transport = try CurlMulti()
        let clients = UpstreamClients(configuration, transport: transport)
        // No request is made.
        await transport.shutdown()
        let before = ProjectDirectory(configuration, clients: clients)
        let address = ProjectDirectory.Address(project: "flytesnacks", domain: "development")
        let underWay = try before.resolve(address, .everything)
        configuration.clusterPoolAttributes[0].clusterPoolName = "staging-cp"
        let after = ProjectDirectory(configuration, clients: clients)
        let new = try after.resolve(address, .everything)
        #expect(underWay.members.first?.pool?.pool == "development-cp")
        #expect(new.members.first?.pool?.pool == "staging-cp")
    }
}
