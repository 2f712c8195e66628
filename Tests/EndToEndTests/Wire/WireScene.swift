import Foundation
import RealServers
import TestSupport
import Testing

/// One member, the same data in a server that stores the gateway's label, and the gateway in
/// front of the member as a regular project.
final class WireScene: Sendable {
    static let project = "solo"
    /// The member: its series have no `project` label.
    let plain: PrometheusServer
    /// What the gateway must equal byte by byte.
    let labelled: PrometheusServer
    let gateway: GatewayServer
    let directory: String

    @TaskLocal static var current: WireScene?

    static func required() throws -> WireScene {
        guard let scene = current else { throw TestFailure("this test needs a wire scene") }
        return scene
    }

    init() throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-wire-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let features = ["--enable-feature=exemplar-storage"]
        plain = try PrometheusServer(
            name: "plain", openMetrics: WireData.openMetrics(),
            directory: directory, options: features)
        labelled = try PrometheusServer(
            name: "labelled", openMetrics: WireData.openMetrics(project: Self.project),
            directory: directory, options: features)
        gateway = try GatewayServer(
            name: "gateway", members: [.init(name: Self.project, url: plain.address.url)],
            projects: [],
            // Where the page is built, it takes the place of the redirect that Prometheus has at `/`.
            settings: "web: {enabled: false}\n", directory: directory)
    }

    deinit { stop() }

    func stop() {
        gateway.process.stop()
        plain.process.stop()
        labelled.process.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// Starts the wire scene before a suite, and stops it after.
struct WireSceneTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let scene = try await offPool { try WireScene() }
        defer { scene.stop() }
        try await WireScene.$current.withValue(scene) { try await function() }
    }
}

extension Trait where Self == WireSceneTrait {
    /// A real Prometheus by itself, and the gateway in front of it.
    static var wireScene: Self { WireSceneTrait() }
}
