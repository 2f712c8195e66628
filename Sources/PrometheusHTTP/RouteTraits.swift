/// What the reference does around the handlers of a route.
public struct RouteTraits: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// 503 until ready.
    public static let readyGated = RouteTraits(rawValue: 1)
    /// CORS headers.
    public static let crossOrigin = RouteTraits(rawValue: 2)
    /// Compressed when the client accepts it.
    public static let compressed = RouteTraits(rawValue: 4)

    /// The usual endpoint under `/api/v1`.
    public static let api: RouteTraits = [.readyGated, .crossOrigin, .compressed]
}
