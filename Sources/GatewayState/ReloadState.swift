import GoText
import Synchronization

/// How the last reload went and whether the store answers, for `status/runtimeinfo`, `/metrics` and
/// notifications.
public final class ReloadState: Sendable {
    /// What went wrong, and since when it has.
    public struct Problem: Sendable, Equatable {
        public var text: String
        public var since: Timestamp
    }

    public struct Value: Sendable {
        /// Why the last configuration was not taken; nil where it was.
        public var failure: Problem?
        /// Seconds since the epoch of the last configuration that was taken.
        public var lastSuccess: Double
        /// Nil where there is no store.
        public var isStoreUp: Bool?
        /// Why the store does not answer; nil where it does.
        public var storeFailure: Problem?
    }

    private let state: Mutex<Value>

    /// - Parameter hasStore: Whether there is a store, which answers so far.
    public init(hasStore: Bool) {
        state = Mutex(
            Value(lastSuccess: WallClock.now().seconds, isStoreUp: hasStore ? true : nil))
    }

    public var value: Value { state.withLock { $0 } }

    /// Notes the end of a reload.
    ///
    /// - Parameter failure: Why it was not taken; nil where it was.
    public func record(failure: String?) {
        state.withLock { state in
            let now = WallClock.now()
            if let failure {
                state.failure = Problem(text: failure, since: state.failure?.since ?? now)
            } else {
                state.failure = nil
                state.lastSuccess = now.seconds
            }
        }
    }

    /// Notes whether the store answers.
    ///
    /// - Parameter failure: Why it does not; nil where it does.
    public func record(storeFailure failure: String?) {
        state.withLock { state in
            state.isStoreUp = failure == nil
            state.storeFailure = failure.map {
                Problem(text: $0, since: state.storeFailure?.since ?? WallClock.now())
            }
        }
    }
}
