import Foundation
import GoText
import RealServers
import TimeSeries

/// Three real members with native histograms, one real Prometheus that holds their union, and the
/// gateway over the members.
final class HistogramScene: Sendable {
    /// Milliseconds; the first samples.
    static let start: Timestamp = 1_700_000_000_000

    private let members: [PrometheusServer]
    private let union: PrometheusServer
    private let gateway: GatewayServer
    private let directory: String

    /// - Parameter seed: of the generated series.
    init(seed: UInt64) throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-histograms-\(UUID().uuidString)").path
        let names = HistogramData.members
        let data = try names.indices.map { try HistogramData.series($0, seed: seed) }
        let directory = directory
        members = try zip(names, data).map { try Self.server($0, $1, directory) }
        union = try Self.server(
            "union",
            zip(names, data).flatMap { name, series in
                series.map { one in
                    var labelled = one
                    labelled.labels = one.labels.setting("project", to: name)
                    return labelled
                }
            }, directory)
        gateway = try GatewayServer(
            name: "gateway",
            members: zip(names, members).map { .init(name: $0, url: $1.address.url) },
            projects: [.init(name: "all", members: names)],
            features: ["promql-experimental-functions"], directory: directory)
    }

    private static func server(
        _ name: String, _ series: [SampleSeries], _ directory: String
    ) throws -> PrometheusServer {
        let server = try PrometheusServer(
            name: name, directory: directory,
            options: RemoteWriter.options + ["--enable-feature=promql-experimental-functions"])
        try RemoteWriter(server.address).write(series)
        return server
    }

    /// - Parameter isExact: whether the gateway is asked with `exact=true`.
    func ask(
        _ question: QueryCase, isExact: Bool = false
    ) throws -> (gateway: HTTPAnswer, union: HTTPAnswer) {
        let exact = isExact ? [("exact", "true")] : []
        return (
            try gateway.project("all").post(question.path, question.parameters + exact),
            try union.address.post(question.path, question.parameters)
        )
    }

    func stop() {
        gateway.process.stop()
        union.process.stop()
        for server in members { server.process.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    deinit { stop() }
}
