/// Says where the warnings or the infos of two answers differ, but for their positions.
///
/// Those that a member gave name the project and have no position, which would point into the text
/// that was sent there: docs/exactness.md.
public struct AnnotationComparison: Sendable {
    private let query: String?

    /// - Parameter query: that a gateway answered; nil where an engine answered by itself, which must
    ///   say just what the other server says.
    public init(federating query: String?) { self.query = query }

    public func difference(_ ours: [String], _ theirs: [String]) -> String? {
        // Of many only the first ones are in an answer, in no order.
        let cut = query == nil ? theirs : ours + theirs
        if cut.contains(where: { $0.hasSuffix("annotations omitted") }) { return nil }
        let oracle = Set(theirs.map { Self.plain($0) })
        let gateway = Set(ours.map { Self.plain($0) })
        let isUnasked = query.map(Self.isUnasked) ?? false
        if let missing = oracle.subtracting(gateway).sorted().first, !isUnasked {
            return "no \(missing)"
        }
        let surplus = gateway.subtracting(oracle)
            .filter { query == nil || !Release35.lacks($0) }.sorted()
        return surplus.first.map { "also \($0)" }
    }

    /// A side of a join whose other side no member can have is not asked for, nor what the union
    /// notes about it.
    public static func isUnasked(_ query: String) -> Bool {
        query.contains(#/(?:project|region|cluster|env|zone)"?(?:=|!)/#)
            && query.contains(#/ (?:[-+*\/%^]|[<>=!]=?|and|or|unless|atan2) /#)
    }

    /// Without the position, and without the projects that the gateway names.
    private static func plain(_ text: String) -> String {
        Release35.worded(text.replacing(#/ \((?:\d+:\d+|project "[^)]*)\)$/#, with: ""))
    }
}
