/// The web page.
public struct WebSettings: Sendable, Hashable {
    /// Whether it is served.
    public var enabled = true
    /// Where its files are; nil for beside the program.
    public var directory: String?

    public init() {}
}
