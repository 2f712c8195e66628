import GoText
import Synchronization

/// How the last reload went, for `status/runtimeinfo` and `/metrics`.
final class ReloadState: Sendable {
    struct Value: Sendable {
        var succeeded = true
        /// Seconds since the epoch of the last configuration that was taken.
        var lastSuccess: Double
    }

    private let state: Mutex<Value>

    init() { state = Mutex(Value(lastSuccess: Double(WallClock.milliseconds()) / 1000)) }

    var value: Value { state.withLock { $0 } }

    func record(success: Bool) {
        state.withLock { state in
            state.succeeded = success
            if success { state.lastSuccess = Double(WallClock.milliseconds()) / 1000 }
        }
    }
}
