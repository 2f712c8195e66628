import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// Cluster pools that are made over HTTP, whose servers DNS tells.
@Suite struct PoolDocumentTests {
    private static let dns =
        #"{"dns":{"names":["a.test"],"type":"A","port":9090,"interval":"10s","scheme":"https"}}"#

    private func read(_ text: String) throws -> ClusterPool {
        try PoolDocument.read(try DocumentValue(json: Array(text.utf8)), name: "p")
    }

    private var wanted: NameDiscovery {
        var names = NameDiscovery()
        names.names = ["a.test"]
        names.type = .a
        names.port = 9090
        names.interval = .seconds(10)
        names.scheme = .https
        return names
    }

    @Test func `A pool may have clusters, servers by name, or both`() throws {
        #expect(
            try read(#"{"clusters":["a","b"]}"#) == ClusterPool(name: "p", clusters: ["a", "b"]))
        #expect(
            try read(#"{"discovery":\#(Self.dns)}"#)
                == ClusterPool(name: "p", clusters: [], discovery: wanted))
        #expect(
            try read(#"{"name":"p","clusters":["a"],"discovery":\#(Self.dns)}"#)
                == ClusterPool(name: "p", clusters: ["a"], discovery: wanted))
    }

    @Test func `What is shown can be sent again`() throws {
        let shown = String(decoding: PoolDocument.shown(wanted).json, as: UTF8.self)
        #expect(try read(#"{"discovery":{"dns":\#(shown)}}"#).discovery == wanted)
    }

    @Test(arguments: [
        (#"{}"#, "clusters must be a list of names"),
        (#"{"clusters":[1]}"#, "clusters must be a list of names"),
        (#"{"servers":[]}"#, "unknown key servers; known here are name, clusters, discovery"),
        (#"{"name":"q","clusters":[]}"#, "name is not that of the path; a pool cannot be renamed"),
        (#"{"discovery":{}}"#, "discovery: nothing tells the servers"),
        (#"{"discovery":{"dns":{"names":[]}}}"#, "discovery.dns.names: a name is needed"),
        (
            #"{"discovery":{"dns":{"names":["a"],"type":"A"}}}"#,
            "discovery.dns.port: A records have no port; write port: 9090"
        ),
    ])
    func `What is wrong is refused in words`(text: String, problem: String) throws {
        let document = try DocumentValue(json: Array(text.utf8))
        do throws(StoreRefusal) {
            _ = try PoolDocument.read(document, name: "p")
            Issue.record("no error")
        } catch {
            #expect(error.description.contains(problem), "\(error)")
        }
    }

    @Test func `A pool is stored with its names, and found servers are its clusters`() async throws
    {
        let pool = ClusterPool(name: "p", clusters: [], discovery: wanted)
        let file = try Configuration.parse(
            "data_dir: /tmp/x\nprojects: [{name: one, prometheus: {url: http://one}}]\n",
            path: "c.yaml")
        try await withTemporaryFolder { folder in
            let store = try SQLiteProjectStore(directory: folder)
            _ = try await store.change { (contents) throws(StoreRefusal) in
                _ = try contents.put(pool, file: file)
            }
            let kept = try await SQLiteProjectStore(directory: folder).contents()
            #expect(kept.clusterPools["p"] == pool)
            let configuration = kept.effective(file)
            #expect(configuration.discoverySources == [.names(wanted)])
            #expect(configuration.clusterPools.first?.clusters == [])
        }
    }

    @Test func `A pool without clusters and names is refused`() throws {
        var contents = StoreContents()
        let file = try Configuration.parse(
            "projects: [{name: one, prometheus: {url: http://one}}]\n", path: "c.yaml")
        #expect(throws: StoreRefusal.self) {
            try contents.put(ClusterPool(name: "p", clusters: []), file: file)
        }
    }
}
