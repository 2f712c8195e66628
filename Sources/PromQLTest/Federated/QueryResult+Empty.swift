public import PromQLEngine

extension QueryResult.Value {
    /// Whether no series has any value.
    public var isEmpty: Bool {
        switch self {
        case .scalar, .string: false
        case .vector(let series): series.allSatisfy(\.isEmpty)
        case .rangeVector(let series): series.isEmpty
        }
    }
}
