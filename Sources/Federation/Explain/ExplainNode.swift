public import PromQL
public import TimeSeries

/// One operator, merge or request of a plan, for people to read.
public struct ExplainNode: Sendable, Equatable {
    public enum Place: String, Sendable, Equatable {
        /// Computed by the local engine.
        case gateway
        /// Answers of members brought together.
        case merge
        /// Asked of one member.
        case member
    }
    public var place: Place
    /// The operator, the kind of merge, or the text sent.
    public var text: String
    /// The member's name, for requests.
    public var member: String?
    /// The grid of merges and requests.
    public var grid: StepGrid?
    /// Index into `Plan.fetches`, for requests.
    public var fetch: Int?
    /// The part of the local expression, for what the engine evaluates.
    public var part: Expression?
    public var children: [ExplainNode]

    /// The indented tree, a line a node; `cost` may add what the node took.
    public func tree(cost: (ExplainNode) -> String? = { _ in nil }) -> String {
        lines(indent: "", cost).joined(separator: "\n")
    }

    private func lines(indent: String, _ cost: (ExplainNode) -> String?) -> [String] {
        let name = member.map { "\($0): " } ?? ""
        let taken = cost(self).map { "  [\($0)]" } ?? ""
        let head = "\(indent)\(place == .member ? "→ " : "")\(name)\(text)\(gridText)\(taken)"
        return [head] + children.flatMap { $0.lines(indent: indent + "  ", cost) }
    }

    private var gridText: String {
        guard place == .merge, let grid else { return "" }
        return grid.isInstant
            ? "  [at \(grid.start) ms]"
            : "  [\(grid.start)…\(grid.end) ms, every \(grid.step) ms]"
    }
}

extension Plan.RemoteQuery {
    fileprivate var explained: String {
        guard case .stored(let selection) = form else { return text }
        return "remote read \(text) from \(selection.from) ms through \(selection.through) ms"
    }
}

extension Plan {
    /// The plan as a tree, operators above what feeds them.
    public func explained(members: [String]) -> ExplainNode {
        switch root {
        case .union(let id): return explained(leaf: id, members)
        case .local(let expression):
            return expression.recursing { explained(expression, members) }
        }
    }

    private func explained(_ expression: Expression, _ members: [String]) -> ExplainNode {
        func node(_ text: String, _ parts: [Expression]) -> ExplainNode {
            ExplainNode(
                place: .gateway, text: text, part: expression,
                children: parts.map { explained($0, members) })
        }
        switch expression {
        case .number, .string: return node(expression.description, [])
        case .vectorSelector(let selector):
            return LeafSelector(selector.matchers)
                .map { explained(leaf: $0.leaf, of: expression, members) }
                ?? node(expression.description, [])
        case .matrixSelector(let matrix):
            return node("windows", [.vectorSelector(matrix.selector)])
        case .paren(let paren): return explained(paren.expression, members)
        case .unary(let unary): return node("unary \(unary.op.rawValue)", [unary.operand])
        case .subquery(let subquery): return node("subquery", [subquery.expression])
        case .aggregation(let aggregation):
            var head = aggregation
            head.expression = .string(StringLiteral(""))
            let parts = [aggregation.parameter, aggregation.expression].compactMap { $0 }
            return node(Self.headline(of: head), parts)
        case .binary(let binary):
            if LeafSelector.isUnion(binary) {
                return ExplainNode(
                    place: .merge, text: "union", part: expression,
                    children: [binary.lhs, binary.rhs].map { explained($0, members) })
            }
            return node("binary \(binary.op.rawValue)", [binary.lhs, binary.rhs])
        case .call(let call):
            guard case .info = call.function else {
                return node("\(call.function.rawValue)()", call.arguments)
            }
            var joined = node("info()", Array(call.arguments.prefix(1)))
            joined.children += informationLeaves.map { explained(leaf: $0, members) }
            return joined
        }
    }

    private static func headline(of aggregation: Aggregation) -> String {
        let name = aggregation.op.rawValue
        if aggregation.grouping.isEmpty, !aggregation.isWithout { return name }
        let labels = aggregation.grouping.joined(separator: ", ")
        return "\(name) \(aggregation.isWithout ? "without" : "by") (\(labels))"
    }

    private func explained(
        leaf id: RemoteNodeID, of part: Expression? = nil, _ members: [String]
    ) -> ExplainNode {
        let leaf = leaves[id]
        let name =
            switch leaf.combination {
            case .union: "union"
            case .average: "weighted mean of means and counts"
            case .variance: "pooled variance of counts, means and variances"
            case .samples: "union of raw samples"
            case .information: "union of the info series"
            }
        return ExplainNode(
            place: .merge, text: name, grid: leaf.grid, part: part,
            children: leaf.fetches.map { fetch in
                ExplainNode(
                    place: .member, text: fetches[fetch].explained,
                    member: members[fetches[fetch].member], grid: fetches[fetch].grid,
                    fetch: fetch, children: [])
            })
    }
}
