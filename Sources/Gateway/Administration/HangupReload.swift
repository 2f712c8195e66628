import ServiceLifecycle
import UnixSignals

/// Reloads the configuration on SIGHUP.
struct HangupReload: Service {
    let live: LiveConfiguration

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in signals {
                // What went wrong was logged, and the former configuration stays in force.
                try? await live.reload()
            }
        }
    }
}
