/// What is known about a member from the requests sent to it.
public struct MemberHealth: Sendable, Equatable {
    public enum Circuit: String, Sendable, Equatable {
        /// Asked as usual.
        case closed
        /// Not asked for a while.
        case open
        /// One request is finding out whether it is back.
        case halfOpen
    }

    public struct Failed: Sendable, Equatable {
        public var text: String
        /// Milliseconds since the epoch.
        public var time: Int64
    }

    public var circuit = Circuit.closed
    /// Requests, retries included.
    public var requests = 0
    /// Operations that ended in a failure of the member.
    public var failures = 0
    public var retries = 0
    /// Kept after the member is back.
    public var lastFailure: Failed?
    /// Milliseconds to the head of an answer, the newest weighing most; nil before the first.
    public var latency: Double?
    /// Bytes of bodies over the wire, and inflated.
    public var wireBytes = 0
    public var inflatedBytes = 0
    /// The protocol of the newest answer: `HTTP/1.1` or `HTTP/2`; nil before the first.
    public var httpVersion: String?
    /// As the member gives it.
    public var version: String?

    public init() {}

    mutating func observe(latency milliseconds: Double) {
        latency = latency.map { $0 * 0.8 + milliseconds * 0.2 } ?? milliseconds
    }
}
