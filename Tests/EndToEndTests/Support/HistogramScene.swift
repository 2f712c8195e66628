import Foundation

/// Three embedded members with native histograms, one embedded server that holds their union, and
/// the gateway over the members.
final class HistogramScene {
    private let members: [EmbeddedServer]
    private let union: EmbeddedServer
    private let gateway: GatewayServer
    private let directory: String

    /// The first samples are at `start`, milliseconds.
    init(start: Int64) throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-histograms-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let names = HistogramData.members
        var members: [EmbeddedServer] = []
        for (index, name) in names.enumerated() {
            members.append(
                try EmbeddedServer(
                    name: name, script: Self.script(HistogramData.series(index, nil)),
                    start: start, directory: directory))
        }
        self.members = members
        let all = names.enumerated().flatMap { HistogramData.series($0, $1) }
        union = try EmbeddedServer(
            name: "union", script: Self.script(all), start: start, directory: directory)
        gateway = try GatewayServer(
            name: "gateway",
            members: zip(names, members).map { .init(name: $0, url: $1.address.url) },
            projects: [.init(name: "all", members: names)],
            features: ["promql-experimental-functions"], directory: directory)
    }

    func ask(_ question: QueryCase) throws -> (gateway: HTTPAnswer, union: HTTPAnswer) {
        (
            try gateway.project("all").post(question.path, question.parameters),
            try union.address.post(question.path, question.parameters)
        )
    }

    func stop() {
        gateway.process.stop()
        union.process.stop()
        for server in members { server.process.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func script(_ series: [String]) -> String {
        "load 30s\n" + series.map { "  \($0)\n" }.joined()
    }
}
