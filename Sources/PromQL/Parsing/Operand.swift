/// A parsed part of the query with what the type check needs to know of it.
///
/// Types are checked while the tree is built, from the leaves up, so that the check needs no walk
/// of its own. Faults of types are only reported when the whole query is free of faults of syntax,
/// and of several the one that Prometheus's check, which walks from the root down, finds first.
struct Operand {
    var expression: Expression
    var type: ValueType
    /// The first fault of types in the expression.
    var fault: ParseError?
    /// Levels of the tree.
    var height = 1
}
