/// A half-open range of byte offsets into the query text.
///
/// Positions say where an expression was written, not what it means: two ranges always compare
/// equal, so that equality of expressions is equality of trees.
public struct SourceRange: Sendable, Hashable {
    public var start: Int
    public var end: Int

    public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }

    /// The range of expressions without a source, such as those a planner makes.
    public static let none = SourceRange(start: 0, end: 0)

    public static func == (lhs: SourceRange, rhs: SourceRange) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}
