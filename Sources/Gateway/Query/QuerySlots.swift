/// Bounds how many queries run at once; the others wait in order of arrival, and may give up.
actor QuerySlots {
    private let limit: Int
    private var running = 0
    private var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    private var nextID: UInt64 = 0
    /// Given-up ids whose waiter had not begun to wait yet.
    private var abandoned: Set<UInt64> = []

    init(limit: Int) { self.limit = max(1, limit) }

    /// Queries that hold a slot, and queries that wait for one.
    var load: (running: Int, waiting: Int) { (running, waiting.count) }

    /// Waits for a slot, runs the work, and gives the slot to whoever waits longest.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func withSlot<T: Sendable>(_ work: @Sendable () async throws -> T) async throws -> T {
        try await acquire()
        defer { release() }
        return try await work()
    }

    private func acquire() async throws {
        if running < limit {
            running += 1
            return
        }
        nextID += 1
        let id = nextID
        let granted = await withTaskCancellationHandler {
            await self.wait(id)
        } onCancel: {
            Task { await self.abandon(id) }
        }
        guard granted else { throw CancellationError() }
    }

    private func wait(_ id: UInt64) async -> Bool {
        if abandoned.remove(id) != nil { return false }
        return await withCheckedContinuation { waiting.append((id, $0)) }
    }

    private func abandon(_ id: UInt64) {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            waiting.remove(at: index).continuation.resume(returning: false)
        } else {
            abandoned.insert(id)
        }
    }

    private func release() {
        if waiting.isEmpty {
            running -= 1
        } else {
            // The slot passes on; `running` stays as it is.
            waiting.removeFirst().continuation.resume(returning: true)
        }
    }
}
