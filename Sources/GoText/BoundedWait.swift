import Synchronization

extension Task where Failure == Never {
    /// Waits for the task's value, but not for ever. The task itself goes on in any case.
    ///
    /// - Parameters:
    ///   - patience: How long to wait at most; nil for as long as it takes.
    ///   - isCancellable: Whether the wait ends when the caller is cancelled.
    /// - Returns: nil when the wait ended before the task did.
    public func value(within patience: Duration?, isCancellable: Bool = true) async -> Success? {
        let first = FirstOutcome<Success>()
        Task<Void, Never> { first.settle(await self.value) }
        let timer = patience.map { patience in
            Task<Void, Never> {
                try? await Task<Never, Never>.sleep(for: patience)
                first.settle(nil)
            }
        }
        defer { timer?.cancel() }
        guard isCancellable else { return await first.outcome() }
        return await withTaskCancellationHandler {
            await first.outcome()
        } onCancel: {
            first.settle(nil)
        }
    }
}

/// The first of several outcomes, for one who waits for it.
private final class FirstOutcome<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value?, Never>)
        case settled(Value?)
    }

    private let state = Mutex(State.open)

    /// Later outcomes are dropped.
    func settle(_ value: Value?) {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .settled: return nil
            case .open:
                state = .settled(value)
                return nil
            case .awaited(let waiter):
                state = .settled(nil)
                return waiter
            }
        }
        waiter?.resume(returning: value)
    }

    /// To be called once.
    func outcome() async -> Value? {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                guard case .open = state else { return false }
                state = .awaited(continuation)
                return true
            }
            if isOpen { return }
            guard case .settled(let value) = state.withLock({ $0 }) else { return }
            continuation.resume(returning: value)
        }
    }
}
