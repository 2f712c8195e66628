import PromQL

/// What is known of a part of the query after its parts were looked at.
///
/// The locality rule of docs/architecture.md: a part is constant, or every element of its value
/// belongs to one member and carries the partition label, or it needs the members together.
indirect enum Lowered {
    /// Depends on no member.
    case constant(Expression)
    /// Every output element carries the partition label of the one member it depends on.
    case perMember(PerMember)
    /// An expression for the local engine, whose leaves already stand in it.
    case global(Expression)
}

/// A part that each member can answer alone.
struct PerMember {
    /// As the user wrote it.
    var original: Expression
    /// By member: the text's tree for that member, or nil where it is an empty vector there and
    /// the member need not be asked.
    var rewritten: [Expression?]
    /// For subqueries: what is inside, lowered on the subquery's own grid, in case the range
    /// vector is needed here.
    var inner: Lowered?

    init(_ original: Expression, _ rewritten: [Expression?], inner: Lowered? = nil) {
        self.original = original
        self.rewritten = rewritten
        self.inner = inner
    }

    /// Whether the matchers on the partition label leave no member to ask.
    var choosesNoMember: Bool { rewritten.allSatisfy { $0 == nil } }

    /// The same shape around another tree; empty stays empty.
    func map(_ original: Expression, _ wrap: (Expression) -> Expression) -> PerMember {
        PerMember(original, rewritten.map { $0.map(wrap) })
    }
}
