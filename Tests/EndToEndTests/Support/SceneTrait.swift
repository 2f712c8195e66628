import RealServers
import Testing

/// Starts the scene before a suite, and stops it after.
struct SceneTrait: SuiteTrait, TestScoping {
    let cast: Scene.Cast

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let scene = try await offPool { try Scene(cast) }
        defer { scene.stop() }
        try await Scene.$current.withValue(scene) { try await function() }
    }
}

extension Trait where Self == SceneTrait {
    /// Real members, a real oracle, and the gateway.
    static func scene(_ cast: Scene.Cast) -> Self { SceneTrait(cast: cast) }
}
