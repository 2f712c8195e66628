/// How far a compressed body may grow.
public struct InflateLimits: Sendable, Hashable {
    /// Inflated bytes.
    public var maximumBytes: Int
    /// Inflated bytes for each compressed one; looked at once an answer is large enough to hurt.
    public var maximumRatio: Int
    /// Inflated bytes up to which any ratio will do.
    public var ratioFreeBytes: Int

    public init(
        maximumBytes: Int = .max, maximumRatio: Int = 512, ratioFreeBytes: Int = 16 << 20
    ) {
        self.maximumBytes = maximumBytes
        self.maximumRatio = maximumRatio
        self.ratioFreeBytes = ratioFreeBytes
    }
}
