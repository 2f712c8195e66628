/// Who may read.
public struct Authentication: Sendable, Hashable {
    public var tokens: [AccessToken]
    /// Everybody who reaches the gateway may read every project without a token.
    public var anonymous: Bool

    public init(tokens: [AccessToken] = [], anonymous: Bool = false) {
        self.tokens = tokens
        self.anonymous = anonymous
    }
}
