public import GoText

/// The times that a server has samples of, as its configuration says: where they begin and end, at
/// fixed times or at an age.
public struct TimeRange: Sendable, Hashable {
    /// The oldest sample's age at most; nil for any.
    public var newerThan: Duration?
    /// The newest sample's age at least; nil for any.
    public var olderThan: Duration?
    /// Of the oldest sample; nil for any.
    public var from: Timestamp?
    /// Of the newest sample; nil for any.
    public var to: Timestamp?

    /// All times.
    public init() {}

    public var isEverything: Bool { self == TimeRange() }

    /// The times of the oldest and of the newest sample that there may be.
    public func bounds(at now: Timestamp) -> (from: Timestamp, through: Timestamp) {
        let oldest = newerThan.map { now.clampedSum(-Milliseconds($0)) } ?? .min
        let newest = olderThan.map { now.clampedSum(-Milliseconds($0)) } ?? .max
        return (max(oldest, from ?? .min), min(newest, to ?? .max))
    }

    /// Whether there may be samples between two times; nil leaves that side open.
    public func touches(from: Timestamp?, through: Timestamp?, at now: Timestamp) -> Bool {
        let bounds = bounds(at: now)
        return (from ?? .min) <= bounds.through && (through ?? .max) >= bounds.from
    }
}
