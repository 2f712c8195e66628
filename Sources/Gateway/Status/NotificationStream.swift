import PrometheusHTTP
import ServiceLifecycle
import Synchronization

/// `notifications/live`: a stream of events, kept open. The gateway has nothing to notify of, so
/// that only signs of life are sent, which clients pass over.
final class NotificationStream: Sendable {
    private let most: Int
    private let open = Mutex(0)
    private let interval: Duration

    /// - Parameter most: streams at once; more are answered 204.
    init(most: Int = 16, interval: Duration = .seconds(15)) {
        self.most = most
        self.interval = interval
    }

    func stream() -> PrometheusResponse {
        guard open.withLock({ $0 }) < most else { return PrometheusResponse(status: 204) }
        return PrometheusResponse(
            headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-cache"],
            body: .stream { [self] writer in
                open.withLock { $0 += 1 }
                defer { open.withLock { $0 -= 1 } }
                repeat {
                    try await writer.write(":\n\n".utf8)
                    try await writer.flush()
                } while await pause()
            })
    }

    /// False when the server ends, or the client went away.
    private func pause() async -> Bool {
        do {
            try await cancelWhenGracefulShutdown { [interval] in
                try await Task.sleep(for: interval)
            }
            return true
        } catch {
            return false
        }
    }
}
