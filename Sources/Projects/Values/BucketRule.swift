/// What a violation of "one pool, one bucket; different pools, different buckets" does.
public enum BucketRule: String, Sendable, Hashable, CaseIterable {
    /// The gateway does not start.
    case enforce
    case warn
}
