/// What is known of the endpoints that some servers lack and others of theirs make up for.
public struct EndpointSupport: Sendable, Hashable {
    public enum Support: String, Sendable, Hashable, CaseIterable {
        /// Found out by asking.
        case auto
        /// The server has it.
        case native
        /// The server lacks it.
        case emulated
    }

    public var instantQuery = Support.auto
    public var labelNames = Support.auto
    public var labelValues = Support.auto

    public init() {}
}
