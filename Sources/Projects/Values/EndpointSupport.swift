/// What is known of what some servers lack and other questions to them make up for.
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
    /// Ranges that do not begin at a multiple of their step, answered at their own steps.
    public var stepGrid = Support.auto

    public init() {}
}
