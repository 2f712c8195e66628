import GoText
import PrometheusWire
import ScriptedServers
import Upstream
import UpstreamSettings

/// A client and the server it asks, for the length of a test. The member is `b`.
///
/// - Parameters:
///   - source: what is set for the member.
///   - configure: what is set for all members.
func withClient(
    _ script: @escaping ScriptedServer.Script,
    source: (inout PrometheusSource) -> Void = { _ in },
    configure: (inout UpstreamConfiguration) -> Void = { _ in },
    _ body: (UpstreamClient, ScriptedServer) async throws -> Void
) async throws {
    try await withTransport(script) { transport, server in
        var prometheus = PrometheusSource(url: try ServerURL(server.url + "/prefix"))
        source(&prometheus)
        var configuration = UpstreamConfiguration(name: "b", source: .prometheus(prometheus))
        configure(&configuration)
        try await body(UpstreamClient(configuration, transport: transport), server)
    }
}

/// The same with a remote Coroot.
func withRemoteCoroot(
    _ script: @escaping ScriptedServer.Script, key: String = "key",
    configure: (inout UpstreamConfiguration) -> Void = { _ in },
    _ body: (UpstreamClient, ScriptedServer) async throws -> Void
) async throws {
    try await withTransport(script) { transport, server in
        let remote = RemoteCoroot(
            url: try ServerURL(server.url + "/prefix"), apiKey: Secret(key))
        var configuration = UpstreamConfiguration(name: "b", source: .remoteCoroot(remote))
        configure(&configuration)
        try await body(UpstreamClient(configuration, transport: transport), server)
    }
}

extension UpstreamConfiguration {
    /// The member `b`, a Prometheus at a URL.
    init(url: String) throws {
        self.init(name: "b", source: .prometheus(PrometheusSource(url: try ServerURL(url))))
    }
}

extension SeriesStream {
    /// The elements of the answer as JSON text, and the trailer.
    func text() async throws(UpstreamError) -> (
        elements: String, trailer: ResponseScanner.Trailer?
    ) {
        var all: [UInt8] = []
        while let page = try await next() { all += page.bytes }
        if all.last == UInt8(ascii: ",") { all.removeLast() }
        return (String(decoding: all, as: UTF8.self), trailer)
    }
}

enum Answers {
    static func vector(_ result: String) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":[\#(result)]}}"#
    }

    static func matrix(_ result: String) -> String {
        #"{"status":"success","data":{"resultType":"matrix","result":[\#(result)]}}"#
    }

    static let one = #"{"metric":{"__name__":"up","job":"x"},"value":[1.500,"1"]}"#

    /// A matrix of many bytes.
    static func large(series: Int) -> [UInt8] {
        var elements: [String] = []
        for index in 0..<series {
            let points = (0..<100).map { "[\(1000 + $0),\"\(index * 100 + $0)\"]" }
            let number = String(1_000_000 + index)
            elements.append(
                #"{"metric":{"__name__":"a","n":"\#(number)"},"values":[\#(points.joined(separator: ","))]}"#
            )
        }
        return Array(matrix(elements.joined(separator: ",")).utf8)
    }
}

/// Every kind of request that a client makes, whatever becomes of it.
func askEverything(_ client: UpstreamClient) async {
    _ = try? await client.query("up", at: 0)
    _ = try? await client.queryRange("up", start: 0, end: 1000, step: 1000)
    _ = try? await client.labels()
    _ = try? await client.labelValues("job", SeriesSelection(matchers: ["up"]))
    _ = try? await client.series(SeriesSelection())
    _ = try? await client.metadata(metric: "up")
    _ = try? await client.getJSON("/api/v1/rules")
    _ = try? await client.buildInfo()
    _ = await client.capabilities()
    _ = try? await client.read(
        RemoteReadRequest(queries: [], accepted: [.samples]), numbers: [], injecting: nil,
        deadline: nil)
}

extension ElementList {
    /// The JSON text of its elements, each once.
    var text: String {
        var merge = ListMerge([self])
        var out: [UInt8] = []
        _ = merge.write(to: &out, upTo: .max)
        return String(decoding: out, as: UTF8.self)
    }
}
