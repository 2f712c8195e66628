/// What became of one request, for logs and metrics.
public struct CompletedRequest: Sendable {
    public var method: String
    /// The route's pattern; nil when no route fitted.
    public var pattern: String?
    public var status: Int
    /// Bytes of body sent, after compression.
    public var bodyBytes: Int
    public var duration: Duration
    /// False when the answer broke off or the client went away.
    public var isWhole: Bool
}
