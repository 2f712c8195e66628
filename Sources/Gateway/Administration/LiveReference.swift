import Synchronization

/// The live configuration as its own routes see it, which exist before it does. Weak, since it
/// holds the routes in turn.
final class LiveReference: Sendable {
    private struct Weak: Sendable {
        weak var live: LiveConfiguration?
    }

    private let weak = Mutex(Weak())

    var live: LiveConfiguration? {
        get { weak.withLock { $0.live } }
        set { weak.withLock { $0.live = newValue } }
    }
}
