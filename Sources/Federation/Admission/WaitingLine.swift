import Synchronization

/// Why memory was not lent.
enum NoLoan: Error, Sendable {
    case timedOut
    /// The client went away.
    case cancelled
    /// Waiting would not help.
    case refused
}

/// What decides who is let in.
protocol TurnRules: Sendable {
    associatedtype Ticket: Sendable

    /// Takes what a ticket asks for, if it may be had now.
    ///
    /// - Parameter isFirst: Whether no other ticket waits longer.
    mutating func admit(_ ticket: Ticket, isFirst: Bool) -> Bool

    /// Of tickets that wait, one that waits in vain, or that must give way so that others do not.
    ///
    /// - Returns: its place among those that wait; nil where all may go on waiting.
    func hopeless(_ waiting: some Collection<Ticket>) -> Int?
}

extension TurnRules {
    func hopeless(_ waiting: some Collection<Ticket>) -> Int? { nil }
}

/// A line of tasks. Each one waits until the rules let it in, its deadline passes or it is
/// cancelled; the rules are asked in the order of arrival.
final class WaitingLine<Rules: TurnRules>: Sendable {
    private enum Outcome: Sendable { case admitted, timedOut, cancelled, refused }

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
    func enter(_ ticket: Rules.Ticket, until deadline: ContinuousClock.Instant) async throws(NoLoan)
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
        case .refused: throw .refused
        }
    }

    /// Asks the rules for something that is not waited for.
    func attempt<Value>(_ body: (inout Rules) -> Value) -> Value {
        state.withLock { body(&$0.rules) }
    }

    /// Changes what the rules go by, and lets in the tasks that may come in now.
    func change(_ body: (inout Rules) -> Void) {
        let settled = state.withLock { state in
            body(&state.rules)
            return Self.settled(&state)
        }
        for one in settled { one.resume() }
    }

    /// The end of one task's waiting.
    private struct Settled: Sendable {
        var continuation: CheckedContinuation<Outcome, Never>
        var outcome: Outcome

        func resume() { continuation.resume(returning: outcome) }
    }

    /// Those whose waiting is over, as the rules are now.
    private static func settled(_ state: inout State) -> [Settled] {
        if state.waiting.isEmpty { return [] }
        var settled: [Settled] = []
        var rest: [Waiter] = []
        for waiter in state.waiting {
            if state.rules.admit(waiter.ticket, isFirst: rest.isEmpty) {
                settled.append(Settled(continuation: waiter.continuation, outcome: .admitted))
            } else {
                rest.append(waiter)
            }
        }
        // Where some come in, the others wait for these.
        while settled.isEmpty || settled.last?.outcome == .refused,
            let index = state.rules.hopeless(rest.map { $0.ticket })
        {
            settled.append(
                Settled(continuation: rest.remove(at: index).continuation, outcome: .refused))
        }
        state.waiting = rest
        return settled
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
                let settled: [Settled] = state.withLock { state in
                    func now(_ outcome: Outcome) -> [Settled] {
                        [Settled(continuation: continuation, outcome: outcome)]
                    }
                    if Task.isCancelled { return now(.cancelled) }
                    if state.rules.admit(ticket, isFirst: state.waiting.isEmpty) {
                        return now(.admitted)
                    }
                    if deadline <= .now { return now(.timedOut) }
                    state.waiting.append(
                        Waiter(id: id, ticket: ticket, continuation: continuation))
                    return Self.settled(&state)
                }
                for one in settled { one.resume() }
            }
        } onCancel: {
            end(id, .cancelled)
        }
    }

    /// Takes a waiter out of the line, if it still is there; those behind it may now be first.
    private func end(_ id: UInt64, _ outcome: Outcome) {
        let settled: [Settled] = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return [] }
            let ended = state.waiting.remove(at: index).continuation
            return [Settled(continuation: ended, outcome: outcome)] + Self.settled(&state)
        }
        for one in settled { one.resume() }
    }
}
