import ServiceLifecycle

/// Sees what other gateways change in the store they share, within a second.
struct StoreWatch: Service {
    /// Between two looks; one costs the reading of one number.
    static let interval: Duration = .milliseconds(500)

    let live: LiveConfiguration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await live.refresh()
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
