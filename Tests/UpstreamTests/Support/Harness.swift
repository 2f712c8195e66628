import PrometheusWire
import ScriptedServers
import Upstream

/// A client and the server it asks, for the length of a test.
func withClient(
    _ script: @escaping ScriptedServer.Script,
    configure: (inout UpstreamConfiguration) -> Void = { _ in },
    _ body: (UpstreamClient, ScriptedServer) async throws -> Void
) async throws {
    try await withTransport(script) { transport, server in
        var configuration = UpstreamConfiguration(name: "b", baseURL: server.url + "/prefix")
        configure(&configuration)
        try await body(UpstreamClient(configuration, transport: transport), server)
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
