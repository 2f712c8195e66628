/// What a missing member does to a query of a multi-cluster project (docs/exactness.md, "When a
/// member is missing").
public enum PartialResponse: String, Sendable, Hashable, CaseIterable {
    /// The answer of the others, with a warning.
    case warn
    /// As `warn`, but an error where less data could make a false answer.
    case safe
    /// An error.
    case abort
}
