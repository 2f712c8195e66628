import GoText
import HTTPTransport
public import PrometheusWire

/// Why there was no place.
public enum NoTurn: Error, Sendable {
    case timedOut
    /// The client went away.
    case cancelled
}

/// A number of places, for which tasks wait in the order that is fair to their clients.
public final class FairLine: Sendable {
    private enum Outcome: Sendable { case placed, timedOut, cancelled }

    private struct State {
        var order: FairOrder
        var waiting: [FairOrder.Ticket: CheckedContinuation<Outcome, Never>] = [:]
        var newest: FairOrder.Ticket = 0
        /// When a task with a place last let those go first that could run.
        var yielded = MonotonicInstant.now
        var waits = DurationHistogram()
    }

    /// Tasks that could run have been let first recently enough.
    private static let stretch = Duration.milliseconds(1)

    private let state: LockedValue<State>

    /// At least one place.
    public init(places: Int) { state = LockedValue(State(order: FairOrder(places: places))) }

    /// Places that are taken, and tasks that wait for one.
    public var load: (running: Int, waiting: Int) {
        state.withLock { ($0.order.running, $0.order.waiting) }
    }

    /// How long tasks waited that got no place at once, whatever came of it.
    public var waits: DurationHistogram { state.withLock { $0.waits } }

    /// Returns with a place, which is to be given back.
    ///
    /// - Parameters:
    ///   - rank: of the tasks of one client the least is first.
    ///   - deadline: when waiting is of no more use; nil for never.
    /// - Returns: whether it waited.
    @discardableResult
    public func take(
        _ client: ClientIdentity, rank: Int, until deadline: ContinuousClock.Instant?,
        isolation: isolated (any Actor)? = #isolation
    ) async throws(NoTurn) -> Bool {
        let ticket: FairOrder.Ticket? = state.withLock { state in
            if state.order.takeFree(client, at: .now) { return nil }
            state.newest += 1
            return state.newest
        }
        guard let ticket else { return false }
        let start = MonotonicInstant.now
        defer { state.withLock { $0.waits.observe(.since(start)) } }
        switch await outcome(of: client, rank, ticket, until: deadline, isolation: isolation) {
        case .placed: return true
        case .timedOut: throw .timedOut
        case .cancelled: throw .cancelled
        }
    }

    /// Whether a task that got its place at once must let those go first that could run. One does
    /// each millisecond; then all that has arrived is in line.
    func mustYield(at now: MonotonicInstant) -> Bool {
        state.withLock { state in
            guard state.yielded.duration(to: now) >= Self.stretch else { return false }
            state.yielded = now
            return true
        }
    }

    /// Gives a place back, which the next task in line has at once.
    public func give(_ client: ClientIdentity) {
        let next = state.withLock { state in
            state.order.give(client, at: .now).flatMap { state.waiting.removeValue(forKey: $0) }
        }
        next?.resume(returning: .placed)
    }

    private func outcome(
        of client: ClientIdentity, _ rank: Int, _ ticket: FairOrder.Ticket,
        until deadline: ContinuousClock.Instant?, isolation: isolated (any Actor)?
    ) async -> Outcome {
        let alarm = deadline.map { deadline in
            Task.detached {
                do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
                self.end(client, ticket, .timedOut)
            }
        }
        defer { alarm?.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { continuation in
                // What ended before this task stood in line is seen here; what ends later finds it
                // there.
                let outcome: Outcome? = state.withLock { state in
                    if Task.isCancelled { return .cancelled }
                    if state.order.takeFree(client, at: .now) { return .placed }
                    if let deadline, deadline <= .now { return .timedOut }
                    state.order.wait(client, rank: rank, ticket: ticket, at: .now)
                    state.waiting[ticket] = continuation
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            end(client, ticket, .cancelled)
        }
    }

    /// Takes a task out of the line, if it still is there.
    private func end(_ client: ClientIdentity, _ ticket: FairOrder.Ticket, _ outcome: Outcome) {
        let ended = state.withLock { state in
            guard let ended = state.waiting.removeValue(forKey: ticket) else {
                return nil as CheckedContinuation<Outcome, Never>?
            }
            state.order.leave(client, ticket, at: .now)
            return ended
        }
        ended?.resume(returning: outcome)
    }
}
