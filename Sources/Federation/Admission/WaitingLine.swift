import Synchronization
import Upstream

/// What decides who is let in.
protocol TurnRules: Sendable {
    associatedtype Ticket: Sendable

    /// Takes what a ticket asks for, if it may be had now.
    ///
    /// - Parameter isFirst: Whether no other ticket waits longer.
    mutating func admit(_ ticket: Ticket, isFirst: Bool) -> Bool
}

/// A line of tasks. Each one waits until the rules let it in, its deadline passes or it is
/// cancelled; the rules are asked in the order of arrival.
final class WaitingLine<Rules: TurnRules>: Sendable {
    private enum Outcome: Sendable { case admitted, timedOut, cancelled }

    private struct Waiter {
        var id: UInt64
        var ticket: Rules.Ticket
        var continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var rules: Rules
        var waiting: [Waiter] = []
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ rules: Rules) { state = Mutex(State(rules: rules)) }

    /// The rules as they stand, and how many tasks wait.
    var snapshot: (rules: Rules, waiting: Int) {
        state.withLock { ($0.rules, $0.waiting.count) }
    }

    /// Returns once the ticket is let in.
    func enter(_ ticket: Rules.Ticket, until deadline: ContinuousClock.Instant) async throws(NoTurn)
    {
        let id: UInt64? = state.withLock { state in
            if state.rules.admit(ticket, isFirst: state.waiting.isEmpty) { return nil }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return }
        switch await outcome(of: ticket, id, until: deadline) {
        case .admitted: return
        case .timedOut: throw .timedOut
        case .cancelled: throw .cancelled
        }
    }

    /// Changes what the rules go by, and lets in the tasks that may come in now.
    func change(_ body: (inout Rules) -> Void) {
        let admitted = state.withLock { state in
            body(&state.rules)
            return Self.admitted(&state)
        }
        for one in admitted { one.resume(returning: .admitted) }
    }

    private static func admitted(
        _ state: inout State
    ) -> [CheckedContinuation<Outcome, Never>] {
        var admitted: [CheckedContinuation<Outcome, Never>] = []
        var rest: [Waiter] = []
        for waiter in state.waiting {
            if state.rules.admit(waiter.ticket, isFirst: rest.isEmpty) {
                admitted.append(waiter.continuation)
            } else {
                rest.append(waiter)
            }
        }
        state.waiting = rest
        return admitted
    }

    private func outcome(
        of ticket: Rules.Ticket, _ id: UInt64, until deadline: ContinuousClock.Instant
    ) async -> Outcome {
        let alarm = Task {
            do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
            self.end(id, .timedOut)
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // What ended before this task stood in the line is seen here; what ends later
                // finds it there.
                let outcome: Outcome? = state.withLock { state in
                    if Task.isCancelled { return .cancelled }
                    if state.rules.admit(ticket, isFirst: state.waiting.isEmpty) {
                        return .admitted
                    }
                    if deadline <= .now { return .timedOut }
                    state.waiting.append(
                        Waiter(id: id, ticket: ticket, continuation: continuation))
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            end(id, .cancelled)
        }
    }

    /// Takes a waiter out of the line, if it still is there; those behind it may now be first.
    private func end(_ id: UInt64, _ outcome: Outcome) {
        typealias Continuations = [CheckedContinuation<Outcome, Never>]
        let (ended, admitted): (Continuations, Continuations) = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                return ([], [])
            }
            let ended = state.waiting.remove(at: index).continuation
            return ([ended], Self.admitted(&state))
        }
        for one in ended { one.resume(returning: outcome) }
        for one in admitted { one.resume(returning: .admitted) }
    }
}
