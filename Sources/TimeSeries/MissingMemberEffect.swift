/// What a member that did not answer does to the answer of a query (docs/exactness.md, "When a
/// member is missing").
public enum MissingMemberEffect: Sendable, Hashable {
    /// Nothing: the member was not needed.
    case none
    /// Elements are missing; each one given is right.
    case subset
    /// Values are computed from less than they should be.
    case incompleteAggregate
    /// Less data can make more answer, or turn false into true. The payload is the construct.
    case mayBeWrong(String)

    private var rank: Int {
        switch self {
        case .none: 0
        case .subset: 1
        case .incompleteAggregate: 2
        case .mayBeWrong: 3
        }
    }

    /// The one of the two that is worse; this one where both are as bad.
    public func worst(_ other: MissingMemberEffect) -> MissingMemberEffect {
        other.rank > rank ? other : self
    }
}
