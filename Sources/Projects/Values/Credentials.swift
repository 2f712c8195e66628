/// What a Prometheus member is shown so that it answers.
public enum Credentials: Sendable, Hashable {
    case none
    case basic(username: String, password: Secret)
    case bearer(Secret)

    /// The password or the token; nil for none.
    public var secret: Secret? {
        switch self {
        case .none: nil
        case .basic(_, let secret), .bearer(let secret): secret
        }
    }
}
