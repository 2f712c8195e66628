import GoText
import NIOCore

/// How long a connection may go on with what it does. Times are given, and none is taken here.
struct ConnectionPace {
    enum Phase: Equatable, Sendable {
        /// TLS is not agreed on.
        case handshake
        /// Between two requests.
        case idle
        /// A request's head has begun, and nothing else is under way.
        case head
        /// A request's body is being waited for, and nothing else is under way.
        case body
        case answering
    }

    /// The least of a body that a client sends in `headTimeout`, unless it sends the end of it.
    static let leastBodyBytes = 16 * 1024

    private let idleTime: TimeAmount
    private let requestTime: TimeAmount
    private(set) var phase: Phase
    /// When the phase began, or was last seen to go on.
    private var since: NIODeadline
    private var bodyBytes = 0
    /// Bytes of the answer that the client did not take; nil while it takes them.
    private var untaken: Int?

    init(_ phase: Phase, limits: ServerLimits, at now: NIODeadline) {
        idleTime = .nanoseconds(limits.idleTimeout.wholeNanoseconds)
        requestTime = .nanoseconds(limits.headTimeout.wholeNanoseconds)
        self.phase = phase
        since = now
    }

    mutating func enter(_ next: Phase, at now: NIODeadline) {
        guard next != phase else { return }
        phase = next
        goOn(at: now)
    }

    /// The phase has its whole time again.
    mutating func goOn(at now: NIODeadline) {
        since = now
        bodyBytes = 0
    }

    mutating func took(bodyBytes count: Int, at now: NIODeadline) {
        guard phase == .body else { return }
        bodyBytes += count
        if bodyBytes >= Self.leastBodyBytes { goOn(at: now) }
    }

    /// - Parameter untaken: Bytes of an answer that wait for the client; nil when it takes all that
    ///   there is.
    mutating func isWaiting(with untaken: Int?, at now: NIODeadline) {
        if phase == .answering, let untaken, untaken < self.untaken ?? .max { since = now }
        self.untaken = untaken
    }

    /// When the connection has had its time. nil: it may go on.
    var deadline: NIODeadline? {
        switch phase {
        case .idle: since + idleTime
        case .handshake, .head, .body: since + requestTime
        case .answering: untaken == nil ? nil : since + idleTime
        }
    }
}
