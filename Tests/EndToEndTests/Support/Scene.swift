import Foundation

/// Three real members, one real union oracle and the gateway, shared by the tests of a suite.
final class Scene: Sendable {
    let directory: String
    let data: FederationData
    let members: [PrometheusServer]
    let oracle: PrometheusServer
    let gateway: GatewayServer

    /// The scene of the suite that runs.
    @TaskLocal static var current: Scene?

    static let seed =
        ProcessInfo.processInfo.environment["TRIBUTARY_SEED"].flatMap(UInt64.init) ?? 1

    static func required() throws -> Scene {
        guard let scene = current else { throw EndToEndFailure("this test needs a scene") }
        return scene
    }

    /// Which versions the servers have.
    struct Versions: Sendable {
        /// In the order of `FederationData.members`.
        var members: [PrometheusVersion]
        var oracle: PrometheusVersion

        static let three = Versions(members: [.three, .three, .three], oracle: .three)
        static let two = Versions(members: [.two, .two, .two], oracle: .two)
    }

    init(_ versions: Versions) throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-e2e-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        self.directory = directory
        let data = FederationData(seed: Self.seed)
        self.data = data
        members = try FederationData.members.enumerated().map { index, name in
            try PrometheusServer(
                name: name, version: versions.members[index],
                openMetrics: data.openMetrics(member: index), directory: directory)
        }
        oracle = try PrometheusServer(
            name: "oracle", version: versions.oracle, openMetrics: data.openMetricsOfUnion(),
            directory: directory)
        gateway = try GatewayServer(
            name: "gateway",
            members: zip(FederationData.members, members).map {
                .init(name: $0, url: $1.address.url)
            },
            projects: [.init(name: "all", members: FederationData.members)], directory: directory)
    }

    deinit { stop() }

    func stop() {
        gateway.process.stop()
        oracle.process.stop()
        for member in members { member.process.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }
}
