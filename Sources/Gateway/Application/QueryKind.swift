/// Which of the two query endpoints was asked.
public enum QueryKind: Sendable, Hashable {
    /// `/api/v1/query`
    case instant
    /// `/api/v1/query_range`
    case range
}
