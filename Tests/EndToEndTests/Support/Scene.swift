import Foundation
import Testing

/// Three real members, one real union oracle and the gateway, shared by the tests of a suite.
final class Scene: Sendable {
    let directory: String
    let data: FederationData
    let members: [PrometheusServer]
    let oracle: PrometheusServer
    let gateway: GatewayServer

    /// The scene of the suite that runs.
    @TaskLocal static var current: Scene?

    static let seed = ProcessInfo.processInfo.environment["TRIBUTARY_SEED"].flatMap(UInt64.init) ?? 1

    static func required() throws -> Scene {
        guard let scene = current else { throw EndToEndFailure("this test needs a scene") }
        return scene
    }

    init() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-e2e-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        self.directory = directory
        let data = FederationData(seed: Self.seed)
        self.data = data
        members = try FederationData.members.enumerated().map { index, name in
            try PrometheusServer(
                name: name, openMetrics: data.openMetrics(member: index), directory: directory)
        }
        oracle = try PrometheusServer(
            name: "oracle", openMetrics: data.openMetricsOfUnion(), directory: directory)
        gateway = try GatewayServer(
            name: "gateway",
            members: zip(FederationData.members, members).map {
                .init(name: $0, url: $1.address.url)
            },
            directory: directory)
    }

    deinit { stop() }

    func stop() {
        gateway.process.stop()
        oracle.process.stop()
        for member in members { member.process.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// Starts the scene before a suite, and stops it after.
struct SceneTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let scene = try await offPool { try Scene() }
        defer { scene.stop() }
        try await Scene.$current.withValue(scene) { try await function() }
    }
}

extension Trait where Self == SceneTrait {
    /// Real members, a real oracle, and the gateway.
    static var scene: Self { SceneTrait() }
}
