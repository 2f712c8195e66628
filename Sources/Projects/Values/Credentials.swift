/// What a Prometheus member is shown so that it answers.
public enum Credentials: Sendable, Hashable {
    case none
    case basic(username: String, password: Secret)
    case bearer(Secret)
}
