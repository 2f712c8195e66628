import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `discovery.dns` of a pool.
@Suite struct NameDiscoverySettingsTests {
    private func parse(_ pool: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            "projects: [{name: a, clusterPool: p}]\n"
                + "clusters: [{name: one, prometheus: {url: http://one}}]\n"
                + "clusterPools:\n  p: \(pool)\n", path: "c.yaml")
    }

    @Test func `A pool is written as a list, or as a mapping with names that tell servers`() throws
    {
        let list = try parse("[one]").clusterPools
        #expect(list == (try parse("{clusters: [one]}")).clusterPools)
        #expect(list.first?.discovery == nil)
        let configuration = try parse(
            "{clusters: [one], discovery: {dns: {names: [a.example, b.example], type: A, port: 90, "
                + "interval: 5s, server: \"10.0.0.10:53\", scheme: https, pathPrefix: /prom/}}}")
        let pool = try #require(configuration.clusterPools.first)
        let discovery = try #require(pool.discovery)
        #expect(discovery.names == ["a.example", "b.example"])
        #expect(discovery.pathPrefix == "/prom")
        #expect(DiscoverySource.names(discovery).description == "A a.example, b.example")
        let printed = try Configuration.parse(configuration.redactedYAML, path: "p.yaml")
        #expect(printed.clusterPools == configuration.clusterPools)
        let cluster = discovery.cluster(host: "10.0.0.1", port: 90, of: "a.example")
        #expect(cluster.map { "\($0.source.connection.url)" } == "https://10.0.0.1:90/prom")
        #expect(cluster?.source.connection.tls.serverName == "a.example")
    }

    @Test(
        arguments: [
            ("{}", "the pool has no clusters; list the names of its clusters"),
            ("{clusters: []}", "the pool has no clusters"),
            ("{discovery: {}}", "nothing tells the servers; write dns: {names: [...]}"),
            ("{discovery: {dns: {}}}", "discovery.dns.names: cluster pool p: a name is needed"),
            ("{discovery: {dns: {names: [\"a b\"]}}}", "\"a b\" is no name of DNS"),
            (
                "{discovery: {dns: {names: [a], type: A}}}",
                "A records have no port; write port: 9090"
            ),
            ("{discovery: {dns: {names: [a], port: 9}}}", "SRV records have ports of their own"),
            ("{discovery: {dns: {names: [a], type: A, port: 70000}}}", "is more than 65535"),
            ("{discovery: {dns: {names: [a], type: MX}}}", "is not one of A, AAAA, SRV"),
            (
                "{discovery: {dns: {names: [a], server: \"dns:53\"}}}",
                "\"dns:53\" is no IPv4 address with a port; write it as 10.0.0.10:53"
            ),
            ("{discovery: {dns: {names: [a], pathPrefix: x}}}", "\"x\" is not a path"),
            ("{discovery: {dns: {names: [a], interval: 1ms}}}", "is shorter than 1s"),
            ("{servers: [one]}", "unknown key servers"),
        ] as [(String, String)])
    func `What cannot be asked is refused`(pool: String, error: String) {
        do throws(ConfigurationErrors) {
            _ = try parse(pool)
            Issue.record("no error")
        } catch let found {
            // The project names a pool that was not read then, which is told too.
            let all = found.errors.map(\.description)
            #expect(all.contains { $0.contains(error) }, "\(all)")
        }
    }

    @Test func `Servers that are found are clusters of the pool, and their names are no others'`()
        throws
    {
        var configuration = try parse("{clusters: [one], discovery: {dns: {names: [a]}}}")
        let discovery = try #require(configuration.clusterPools.first?.discovery)
        let found = ["x:1", "y:2"].compactMap { text -> Cluster? in
            let parts = text.split(separator: ":")
            return discovery.cluster(
                host: String(parts[0]), port: Int(parts[1]) ?? 0, of: "a")
        }
        configuration.findings.bySource[.names(discovery)] = Findings.Finding(.clusters(found))
        let whole = configuration.withChosenMembers
        #expect(whole.clusterPools.first?.clusters == ["one", "x:1", "y:2"])
        #expect(whole.clusters.map(\.name) == ["one", "x:1", "y:2"])
    }
}
