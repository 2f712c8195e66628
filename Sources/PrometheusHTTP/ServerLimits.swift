/// How much a client may ask of the server before its request is read.
public struct ServerLimits: Sendable, Hashable {
    /// Bytes of a request's head: its first line and all its header fields. A longer one is
    /// answered with 431. Go's default.
    public var headerBytes = 1024 * 1024
    public var headerFields = 1000
    /// Bytes of a form; Go's own cap.
    public var formBytes = 10 * 1024 * 1024
    /// Bytes of any other body, multipart forms included.
    public var bodyBytes = 32 * 1024 * 1024
    /// A connection that neither asks nor is being answered is closed after this.
    public var idleTimeout: Duration = .seconds(300)
    /// Connections at once; others wait in the listen queue.
    public var connections = 4096
    /// How long requests under way may take to end once the server was asked to stop.
    public var shutdownGrace: Duration = .seconds(10)

    public init() {}
}

extension Duration {
    /// Clamped to what fits.
    var wholeNanoseconds: Int64 {
        let parts = components
        let (seconds, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return parts.seconds < 0 ? .min : .max }
        return seconds &+ parts.attoseconds / 1_000_000_000
    }
}
