import EmbeddedPrometheus
import GoText
import Logging
import PrometheusHTTP

/// One member of the demo: made-up data that goes on, and the server that answers for it.
struct DemoServer: Sendable {
    /// Milliseconds of the past that are kept.
    private static let history: Int64 = 3_600_000

    var member: DemoMember

    /// Serves until the task is cancelled. The past is there before the first question.
    func run(onListening: @escaping @Sendable (_ port: Int) async -> Void) async throws {
        let store = MemoryStore()
        let data = DemoData(member: member)
        let now = WallClock.milliseconds()
        data.fill(store, from: now - Self.history, through: now)
        var logger = Logger(label: "tributary.demo")
        logger.logLevel = .critical
        let server = EmbeddedServer(store: store, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.goOn(data, store, since: now) }
            group.addTask { try await server.run(onListening: onListening) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func goOn(_ data: DemoData, _ store: MemoryStore, since start: Int64) async {
        var last = start
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let now = WallClock.milliseconds()
            data.fill(store, from: last + 1, through: now)
            store.drop(before: now - history)
            last = now
        }
    }
}
