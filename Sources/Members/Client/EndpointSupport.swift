/// Endpoints that some members lack and others make up for, and what is known about them.
public struct EndpointSupport: Sendable, Hashable {
    public enum Support: String, Sendable, Hashable {
        /// Asked; what turns out to be missing is made up for, and tried again later.
        case auto
        /// Asked, whatever comes of it.
        case native
        /// Never asked: others make up for it.
        case emulated
    }

    enum Endpoint: Sendable, Hashable {
        /// `query`; a range of one step stands in for it.
        case instantQuery
        /// `labels`; the labels of the series stand in for it.
        case labelNames
        /// `label/…/values`; likewise.
        case labelValues
    }

    public var instantQuery: Support
    public var labelNames: Support
    public var labelValues: Support

    public init(
        instantQuery: Support = .auto, labelNames: Support = .auto, labelValues: Support = .auto
    ) {
        self.instantQuery = instantQuery
        self.labelNames = labelNames
        self.labelValues = labelValues
    }

    static let coroot = EndpointSupport(
        instantQuery: .emulated, labelNames: .emulated, labelValues: .native)

    func support(of endpoint: Endpoint) -> Support {
        switch endpoint {
        case .instantQuery: instantQuery
        case .labelNames: labelNames
        case .labelValues: labelValues
        }
    }
}
