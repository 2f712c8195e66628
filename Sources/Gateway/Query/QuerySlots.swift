import PrometheusAPI

/// Bounds how many queries run at once; the others wait in order of arrival, and may give up.
actor QuerySlots {
    private enum Outcome: Sendable { case granted, timedOut, cancelled }

    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<Outcome, Never>
    }

    private let limit: Int
    private var running = 0
    private var waiting: [Waiter] = []
    private var nextID: UInt64 = 0

    init(limit: Int) { self.limit = max(1, limit) }

    /// Queries that hold a slot, and queries that wait for one.
    var load: (running: Int, waiting: Int) { (running, waiting.count) }

    /// Waits for a slot, runs the work, and gives the slot to whoever waits longest.
    ///
    /// - Parameters:
    ///   - deadline: Ends the waiting; the work ends by itself.
    ///   - maxWaiting: How many may wait; further ones are refused.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; `APIError`,
    ///   `timeout` in the reference's words or `unavailable`, for who gets no slot.
    func withSlot<T: Sendable>(
        until deadline: ContinuousClock.Instant, maxWaiting: Int,
        _ work: @Sendable () async throws -> T
    ) async throws -> T {
        switch try await acquire(until: deadline, maxWaiting: maxWaiting) {
        case .granted: break
        case .timedOut: throw APIError(.timeout, "query timed out in query queue")
        case .cancelled: throw CancellationError()
        }
        defer { release() }
        return try await work()
    }

    private func acquire(
        until deadline: ContinuousClock.Instant, maxWaiting: Int
    ) async throws(APIError) -> Outcome {
        if running < limit {
            running += 1
            return .granted
        }
        guard waiting.count < maxWaiting else {
            throw APIError(.unavailable, "too many queries wait for their turn")
        }
        nextID += 1
        let id = nextID
        let alarm = Task {
            do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
            self.end(id, .timedOut)
        }
        defer { alarm.cancel() }
        // Whoever ends the waiting does so in a turn of its own, which comes after the waiter is
        // in the list.
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append(Waiter(id: id, continuation: $0)) }
        } onCancel: {
            Task { await self.end(id, .cancelled) }
        }
    }

    /// Takes a waiter out of the queue, if it still is there.
    private func end(_ id: UInt64, _ outcome: Outcome) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).continuation.resume(returning: outcome)
    }

    private func release() {
        if waiting.isEmpty {
            running -= 1
        } else {
            // The slot passes on; `running` stays as it is.
            waiting.removeFirst().continuation.resume(returning: .granted)
        }
    }
}
