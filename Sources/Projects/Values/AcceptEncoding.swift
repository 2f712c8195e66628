/// Whether a member is asked to compress its answers.
public enum AcceptEncoding: String, Sendable, Hashable, CaseIterable {
    /// As the observed rate of the link suggests.
    case auto
    case gzip
    case identity
}
