public import GatewayConfiguration
import GoText
public import PromQL
public import PromQLEngine
public import TimeSeries

/// Decides for every part of a query where it may run. A pure function of the tree, the grid and
/// the scope; linear in the size of the query times the number of members.
public struct Planner: Sendable {
    let scope: FederationScope
    let rewriting: SelectorRewriting
    var leaves: [RemoteNode] = []
    var leafIDs: [RemoteNode: Plan.RemoteNodeID] = [:]
    var fetches: [Plan.RemoteQuery] = []
    var fetchIDs: [Plan.RemoteQuery: Int] = [:]
    var notes: [Plan.Note] = []
    var memberKeys: [Plan.Note] = []
    /// What the series of each member get.
    let injections: [LabelInjection]
    /// The names of all labels that the series of some member get.
    let added: Set<String>

    /// The plan of a query that was parsed and type-checked.
    ///
    /// - Throws: the text of a duration expression that has no value (400 `bad_data`).
    public static func plan(
        _ expression: Expression, on grid: StepGrid, in scope: FederationScope
    )
        throws(ParseError) -> Plan
    {
        try expression.recursing { () throws(ParseError) -> Plan in
            try planned(expression, on: grid, in: scope)
        }
    }

    private static func planned(
        _ expression: Expression, on grid: StepGrid, in scope: FederationScope
    )
        throws(ParseError) -> Plan
    {
        let context = QueryContext(start: grid.start, end: grid.end, step: grid.step)
        let absolute = try expression.resolved(in: context)
            .withAbsoluteAt(start: grid.start, end: grid.end)
        var planner = Planner(scope: scope)
        let root = planner.root(absolute, on: grid)
        return Plan(
            root: root, rootType: absolute.valueType, grid: grid, leaves: planner.leaves,
            fetches: planner.fetches, notes: planner.notes, memberKeys: planner.memberKeys)
    }

    private init(scope: FederationScope) {
        self.scope = scope
        self.rewriting = SelectorRewriting(
            partition: scope.partition, anchored: scope.anchored,
            restriction: scope.restriction)
        injections = scope.members.map(scope.partition.labels(of:))
        added = Set(scope.partition.names)
    }

    private mutating func root(_ expression: Expression, on grid: StepGrid) -> Plan.Root {
        if let ranking = ranking(expression, on: grid) { return .local(ranking) }
        switch lower(expression, on: grid) {
        case .constant(let constant): return .local(constant)
        case .global(let local): return .local(local)
        case .perMember(let part):
            // A range vector at the root of an instant query is a matrix of raw samples: the
            // union of what the members answer to the very same text.
            let form: Plan.RemoteQuery.Form =
                expression.valueType == .rangeVector ? .samples : .steps
            return .union(
                leaf(
                    .union(fetch(part.rewritten, keeping: part.kept, on: grid, form: form)),
                    on: grid))
        }
    }

    // MARK: - Lowering, one rule a node

    mutating func lower(_ expression: Expression, on grid: StepGrid) -> PlacedExpression {
        if let own = memberItself(expression) { return own }
        switch expression {
        case .number, .string: return .constant(expression)
        case .paren(let paren):
            return wrap(lower(paren.expression, on: grid), as: expression) {
                .paren(Paren($0, range: paren.range))
            }
        case .unary(let unary):
            return wrap(lower(unary.operand, on: grid), as: expression) {
                .unary(Unary(unary.op, $0, range: unary.range))
            }
        case .vectorSelector(let selector):
            return .perMember(
                PushdownCandidate(
                    expression,
                    scope.members.map { member in
                        rewriting.selector(selector, forMember: member).map { .vectorSelector($0) }
                    }, kept: added))
        case .matrixSelector(let matrix):
            return .perMember(
                PushdownCandidate(
                    expression,
                    scope.members.map { member in
                        rewriting.selector(matrix.selector, forMember: member).map {
                            .matrixSelector(
                                MatrixSelector($0, window: matrix.window, range: matrix.range))
                        }
                    }, kept: added))
        case .subquery(let subquery): return lower(subquery, on: grid)
        case .aggregation(let aggregation): return lower(aggregation, on: grid)
        case .binary(let binary): return lower(binary, on: grid)
        case .call(let call): return lower(call, on: grid)
        }
    }

    /// Where nothing tells members apart there is one, and every vector is what it says: it is the
    /// member itself.
    private func memberItself(_ expression: Expression) -> PlacedExpression? {
        guard scope.partition.isNone, scope.members.count == 1, scope.restriction.isEmpty,
            case .instantVector = expression.valueType
        else { return nil }
        // It joins with series that no selector in the text chooses.
        if scope.sharesServer, expression.calls(.info) { return nil }
        var readsSeries = false
        expression.forEach { node in
            if case .vectorSelector = node { readsSeries = true }
        }
        guard readsSeries else { return .constant(expression) }
        return .perMember(
            PushdownCandidate(
                expression, [rewriting.expression(expression, ofMember: scope.members[0])],
                kept: []))
    }

    /// A node with one operand that is where its operand is.
    private func wrap(
        _ operand: PlacedExpression, as original: Expression, _ build: (Expression) -> Expression
    ) -> PlacedExpression {
        switch operand {
        case .constant(let inner): .constant(build(inner))
        case .global(let inner): .global(build(inner))
        case .perMember(let part):
            .perMember(
                PushdownCandidate(
                    original, part.rewritten.map { $0.map(build) }, kept: part.kept,
                    inner: part.inner)
            )
        }
    }

    private mutating func lower(_ subquery: Subquery, on grid: StepGrid) -> PlacedExpression {
        let step = Self.length(subquery.step) ?? scope.defaultSubqueryStep
        var explicit = subquery
        explicit.step = .fixed(step)
        let inner = lower(subquery.expression, on: innerGrid(of: explicit, on: grid))
        func rebuilt(_ expression: Expression) -> Expression {
            var copy = explicit
            copy.expression = expression
            return .subquery(copy)
        }
        switch inner {
        case .constant(let expression): return .constant(rebuilt(expression))
        case .global(let expression): return .global(rebuilt(expression))
        case .perMember(let part):
            return .perMember(
                PushdownCandidate(
                    .subquery(explicit), part.rewritten.map { $0.map(rebuilt) }, kept: part.kept,
                    inner: inner))
        }
    }

    /// The grid a subquery evaluates its inside on; the engine uses the same function.
    func innerGrid(of subquery: Subquery, on grid: StepGrid) -> StepGrid {
        var (first, last) = (grid.start, grid.time(at: max(0, grid.count - 1)))
        if case .timestamp(let fixed)? = subquery.at { (first, last) = (fixed, fixed) }
        return Engine.subqueryGrid(
            first: first, last: last, window: Self.length(subquery.window) ?? 0,
            step: Self.length(subquery.step) ?? scope.defaultSubqueryStep,
            offset: Self.length(subquery.offset) ?? 0, boundary: scope.rangeBoundary)
    }

    // MARK: - Leaves

    /// The part as an expression for the local engine: what is per member becomes a leaf.
    mutating func local(_ lowered: PlacedExpression, on grid: StepGrid) -> Expression {
        switch lowered {
        case .constant(let expression), .global(let expression): return expression
        case .perMember(let part):
            if part.original.valueType == .rangeVector { return localRange(part, on: grid) }
            return localValues(part, on: grid)
        }
    }

    /// A leaf in the place of an expression, with what the engine would have seen there.
    func values(
        of id: Plan.RemoteNodeID, standingFor original: Expression, on grid: StepGrid
    ) -> Expression {
        let isInvariant = Engine.isStepInvariant(original)
        var selector = LeafSelector(id, isInvariant ? .invariantValues : .values)
            .selector(range: original.sourceRange)
        if let reference = try? Engine.referenceOfFirstSelector(in: original, on: grid) {
            selector.offset = .fixed(reference.offset)
            selector.at = reference.fixed.map { .timestamp($0) }
        }
        return .vectorSelector(selector)
    }

    /// The requests for a tree per member; members with an empty tree are not asked.
    mutating func fetch(
        _ trees: [Expression?], keeping kept: Set<String>, on grid: StepGrid,
        form: Plan.RemoteQuery.Form
    ) -> [Int] {
        requests(trees, keeping: kept, on: grid, form: form).map { add($0) }
    }

    func requests(
        _ trees: [Expression?], keeping kept: Set<String>, on grid: StepGrid,
        form: Plan.RemoteQuery.Form
    ) -> [Plan.RemoteQuery] {
        guard grid.count > 0 else { return [] }
        return trees.enumerated().compactMap { member, tree in
            tree.map { tree in
                let tree = language(of: member).map(tree.worded) ?? tree
                return Plan.RemoteQuery(
                    member: member, text: tree.description, grid: grid, form: form,
                    givesGauges: tree.givesGaugeHistograms(in: scope.language),
                    omitted: omitted(member, keeping: kept))
            }
        }
    }

    mutating func add(_ fetch: Plan.RemoteQuery) -> Int {
        if let known = fetchIDs[fetch] { return known }
        fetchIDs[fetch] = fetches.count
        fetches.append(fetch)
        return fetches.count - 1
    }

    /// The version of the language that a member is known to speak.
    func language(of member: Int) -> LanguageVersion? {
        scope.languages.indices.contains(member) ? scope.languages[member] : nil
    }

    mutating func leaf(
        _ combination: RemoteNode.MergeStrategy, on grid: StepGrid, aggregated: [String] = []
    ) -> Plan.RemoteNodeID {
        let leaf = RemoteNode(combination: combination, grid: grid, aggregated: aggregated)
        if let known = leafIDs[leaf] { return known }
        leaves.append(leaf)
        leafIDs[leaf] = leaves.count - 1
        return leaves.count - 1
    }

    mutating func note(_ expression: Expression, _ reason: String) {
        let part = expression.description(limit: Plan.Note.longestPart)
        let note = Plan.Note(part: part, reason: reason)
        if !notes.contains(note) { notes.append(note) }
    }

    /// The length of a duration; expressions were resolved before planning.
    static func length(_ duration: DurationValue?) -> Milliseconds? {
        switch duration {
        case .fixed(let length): length
        case .expression, nil: nil
        }
    }
}

extension Planner {
    /// A range vector that is needed here, because a function of it takes an argument that only
    /// the union knows (`quantile_over_time(scalar(q), x[5m])`).
    mutating func localRange(_ part: PushdownCandidate, on grid: StepGrid) -> Expression {
        switch part.original {
        case .paren(let paren):
            let inside = PushdownCandidate(
                paren.expression, part.rewritten.map { $0.map(Self.withoutParens) },
                kept: part.kept, inner: part.inner)
            return .paren(Paren(localRange(inside, on: grid), range: paren.range))
        case .subquery(var subquery):
            guard let inner = part.inner else { return part.original }
            let innerGrid = self.innerGrid(of: subquery, on: grid)
            subquery.expression = local(inner, on: innerGrid)
            return .subquery(subquery)
        case .matrixSelector(let matrix):
            return localSamples(of: matrix, part, on: grid)
        case .number, .string, .unary, .binary, .aggregation, .call, .vectorSelector:
            // No other node has the type of a range vector.
            return part.original
        }
    }

    /// Raw samples of a selector: one instant query whose range reaches from the first window's
    /// start to the last window's end; the local engine cuts the windows.
    private mutating func localSamples(
        of matrix: MatrixSelector, _ part: PushdownCandidate, on grid: StepGrid
    ) -> Expression {
        let (first, last) = reach(of: matrix.selector, window: matrix.window, on: grid)
        let time = StepGrid.instant(last)
        let trees = part.rewritten.map { tree -> Expression? in
            guard case .matrixSelector(var raw)? = tree.map(Self.withoutParens) else { return nil }
            raw.selector.offset = nil
            raw.selector.at = nil
            raw.selector.extended = nil
            raw.window = .fixed(last.distance(from: first) ?? .max)
            return .matrixSelector(raw)
        }
        let requests =
            grid.count > 0 ? requests(trees, keeping: part.kept, on: time, form: .samples) : []
        var fetches: [Int] = []
        for request in requests.map(yieldingToStored) {
            fetches +=
                scope.stored.fetches.contains(request)
                ? stored(matrix.selector, of: [request.member], from: first, through: last)
                : [add(request)]
        }
        let id = leaf(.samples(fetches), on: time)
        note(
            .matrixSelector(matrix),
            "raw samples are fetched: a function of them has an argument that is known only here")
        return .matrixSelector(
            MatrixSelector(
                LeafSelector.samples(id, keeping: [], like: matrix.selector),
                window: matrix.window, range: matrix.range))
    }

    static func withoutParens(_ expression: Expression) -> Expression {
        var inner = expression
        while case .paren(let paren) = inner { inner = paren.expression }
        return inner
    }
}

/// What planning depends on besides the query: who the members are and what every member must be
/// told, because nothing may be left to a member's own defaults.
public struct FederationScope: Sendable {
    /// Names of the members, which are the values of the partition label; no name twice.
    public var members: [String]
    public var partition: PartitionLabel
    /// Members whose regular expressions are sent with anchors.
    public var anchored: Set<String> = []
    /// Matchers that members are sent with every selector. What the query says of its selectors, as
    /// `absent` does, does not speak of them.
    public var restriction: [LabelMatcher] = []
    /// Whether some member is only a part of what its server has, so that every selector of what
    /// the server is asked must be in the text.
    public var sharesServer = false
    /// The step of subqueries that name none.
    public var defaultSubqueryStep: Milliseconds
    public var lookback: Milliseconds
    public var exactness: Exactness
    /// Which ends of windows the local engine includes; decides where subquery grids begin.
    public var rangeBoundary: EngineOptions.RangeBoundary
    /// By member, the version of the language it speaks; nil where that is not known, and for all
    /// when empty: such a member is sent what the user wrote.
    public var languages: [LanguageVersion?] = []
    /// The version whose rules the local engine follows: the oldest of the members that take part.
    public var language = LanguageVersion.current
    /// Where native histograms that something is computed from are read as they are stored.
    public var stored = StoredReading()

    public init(
        members: [String], partition: PartitionLabel = PartitionLabel(),
        defaultSubqueryStep: Milliseconds = 60_000, lookback: Milliseconds = 300_000,
        exactness: Exactness = .twoStep, rangeBoundary: EngineOptions.RangeBoundary = .leftOpen
    ) {
        self.members = members
        self.partition = partition
        self.defaultSubqueryStep = defaultSubqueryStep
        self.lookback = lookback
        self.exactness = exactness
        self.rangeBoundary = rangeBoundary
    }
}
