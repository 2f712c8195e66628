/// How much one request, one member or one client may cost. Each limit has a key of the same name
/// under `limits`.
public struct Limits: Sendable, Hashable {
    /// Bytes that queries under way may cost besides the answers they hold; further ones are refused.
    public var maxQueueMemory = 256 << 20
    /// Bytes of members' answers that queries may hold until they are computed, all together.
    public var maxAnswerMemory = 1 << 30
    /// Bytes of one query's text.
    public var maxQueryBytes = 256 * 1024
    /// Requests to members that one query may make.
    public var maxMemberRequests = 2000
    /// Requests to members under way at once, of one query.
    public var maxMemberConcurrency = 64
    /// Series in an answer, and in what one fragment fetches.
    public var maxSeries = 2_000_000
    /// Bytes of one member's answer as it comes over the wire.
    public var maxResponseBytes = 1 << 30
    /// Bytes of one member's answer once inflated.
    public var maxInflatedBytes = 4 << 30
    /// Bytes of an answer that are held back until every member succeeded; a longer answer is sent
    /// while it is made.
    public var heldAnswerBytes = 1 << 20
    /// Connections of clients at once.
    public var maxConnections = 4096
    /// Bytes of a request's head: its first line and all header fields.
    public var maxHeaderBytes = 1024 * 1024
    /// Bytes of a form that a client sends.
    public var maxFormBytes = 10 << 20
    /// Milliseconds after which an idle connection of a client is closed.
    public var idleTimeout: Int64 = 300_000
    /// Milliseconds that requests under way have to end when the gateway stops.
    public var shutdownGrace: Int64 = 10_000

    public init() {}
}
