/// What some members lack and others make up for: endpoints, and the steps that a range asks for.
public struct EndpointSupport: Sendable, Hashable {
    public enum Support: String, Sendable, Hashable {
        /// Asked; what turns out to be missing is made up for, and tried again later.
        case auto
        /// Asked, and its failure is the answer.
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
        /// Ranges that do not begin at a multiple of their step, answered at their own steps; other
        /// questions that have the same values stand in for them.
        case stepGrid
        /// `read`; what queries answer stands in for it.
        case remoteRead
    }

    public var instantQuery: Support
    public var labelNames: Support
    public var labelValues: Support
    public var stepGrid: Support

    public init(
        instantQuery: Support = .auto, labelNames: Support = .auto, labelValues: Support = .auto,
        stepGrid: Support = .auto
    ) {
        self.instantQuery = instantQuery
        self.labelNames = labelNames
        self.labelValues = labelValues
        self.stepGrid = stepGrid
    }

    static let coroot = EndpointSupport(
        instantQuery: .emulated, labelNames: .emulated, labelValues: .native,
        stepGrid: .native)

    func support(of endpoint: Endpoint) -> Support {
        switch endpoint {
        case .instantQuery: instantQuery
        case .labelNames: labelNames
        case .labelValues: labelValues
        case .stepGrid: stepGrid
        case .remoteRead: .auto
        }
    }
}
