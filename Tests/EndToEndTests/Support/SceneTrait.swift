import Testing

/// Starts the scene before a suite, and stops it after.
struct SceneTrait: SuiteTrait, TestScoping {
    let versions: Scene.Versions

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let scene = try await offPool { try Scene(versions) }
        defer { scene.stop() }
        try await Scene.$current.withValue(scene) { try await function() }
    }
}

extension Trait where Self == SceneTrait {
    /// Real members, a real oracle, and the gateway.
    static func scene(_ versions: Scene.Versions) -> Self { SceneTrait(versions: versions) }
}
