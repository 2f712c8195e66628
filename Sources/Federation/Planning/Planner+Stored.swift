import GatewayConfiguration
import GoText
public import PromQL
import PromQLEngine
import TimeSeries

extension Planner {
    /// The values of a part that members can answer, for the local engine: the members' answers,
    /// and where those hold native histograms that are to be exact, the part itself over what the
    /// member has stored.
    mutating func localValues(_ part: PushdownCandidate, on grid: StepGrid) -> Expression {
        let requests = requests(part.rewritten, keeping: part.kept, on: grid, form: .steps).map(
            yieldingToStored)
        let read = requests.filter(scope.stored.fetches.contains)
        let answered = requests.filter { !scope.stored.fetches.contains($0) }
        noteHistograms(in: part.original, answered, read)
        if read.isEmpty { return answers(answered, standingFor: part.original, on: grid) }
        let computed = overStored(part.original, of: read.map(\.member), on: grid)
        if answered.isEmpty { return computed }
        return LeafSelector.union(
            computed, answers(answered, standingFor: part.original, on: grid))
    }

    private mutating func answers(
        _ requests: [Plan.RemoteQuery], standingFor original: Expression, on grid: StepGrid
    ) -> Expression {
        let id = leaf(.union(requests.map { add($0) }), on: grid)
        return values(of: id, standingFor: original, on: grid)
    }

    /// The request as it is made where its native histograms are read as they are stored, if the
    /// member can.
    func yieldingToStored(_ request: Plan.RemoteQuery) -> Plan.RemoteQuery {
        var request = request
        request.stopsAtHistograms = scope.stored.members.contains(request.member)
        return request
    }

    private mutating func noteHistograms(
        in part: Expression, _ answered: [Plan.RemoteQuery], _ read: [Plan.RemoteQuery]
    ) {
        guard scope.exactness == .strict else { return }
        if !read.isEmpty {
            note(
                part,
                "native histograms are computed here, from stored samples that remote read gives: "
                    + names(read))
        }
        let able = answered.filter(\.stopsAtHistograms)
        if !able.isEmpty {
            note(
                part,
                "native histograms, where there are any, are read again by remote read: "
                    + names(able))
        }
        let others = answered.filter { !$0.stopsAtHistograms }
        if !others.isEmpty {
            note(
                part,
                "native histograms, where there are any, are what their JSON shows, for want of "
                    + "remote read: " + names(others))
        }
    }

    private func names(_ requests: [Plan.RemoteQuery]) -> String {
        requests.map { scope.members[$0.member] }.joined(separator: ", ")
    }

    // MARK: - Stored samples

    /// The expression with every selector reading what these members have stored.
    private mutating func overStored(
        _ expression: Expression, of members: [Int], on grid: StepGrid
    ) -> Expression {
        switch expression {
        case .vectorSelector(let selector):
            return .vectorSelector(stored(selector, window: nil, of: members, on: grid))
        case .matrixSelector(var matrix):
            matrix.selector = stored(matrix.selector, window: matrix.window, of: members, on: grid)
            return .matrixSelector(matrix)
        case .subquery(var subquery):
            subquery.step = .fixed(Self.length(subquery.step) ?? scope.defaultSubqueryStep)
            subquery.expression = overStored(
                subquery.expression, of: members, on: innerGrid(of: subquery, on: grid))
            return .subquery(subquery)
        case .number, .string: return expression
        case .paren, .unary, .binary, .aggregation, .call:
            return expression.replacingChildren(
                expression.children.map { overStored($0, of: members, on: grid) })
        }
    }

    private mutating func stored(
        _ selector: VectorSelector, window: DurationValue?, of members: [Int], on grid: StepGrid
    ) -> VectorSelector {
        let (first, last) = reach(of: selector, window: window, on: grid)
        let fetches =
            grid.count > 0 ? stored(selector, of: members, from: first, through: last) : []
        let id = leaf(.samples(fetches), on: .instant(last))
        return LeafSelector.samples(id, keeping: selector.matchers, like: selector)
    }

    /// The requests for what these members have stored of a selector, as far as it chooses them.
    mutating func stored(
        _ selector: VectorSelector, of members: [Int], from: Timestamp, through: Timestamp
    ) -> [Int] {
        var plain = selector
        plain.offset = nil
        plain.at = nil
        plain.extended = nil
        return members.compactMap { member in
            rewriting.selector(plain, forMember: scope.members[member]).map { own in
                let selection = StoredSelection(
                    matchers: own.matchers, from: from, through: through)
                return add(
                    Plan.RemoteQuery(
                        member: member, text: Expression.vectorSelector(own).description,
                        grid: .instant(through), form: .stored(selection)))
            }
        }
    }

    /// The times of the first and the last sample that a selector can read, both ends
    /// included: the lookback or the window before the first step, and what extended selectors look
    /// at beyond.
    func reach(
        of selector: VectorSelector, window: DurationValue?, on grid: StepGrid
    ) -> (first: Timestamp, last: Timestamp) {
        var first = grid.start
        var last = grid.count > 0 ? grid.time(at: grid.count - 1) : grid.end
        if case .timestamp(let fixed)? = selector.at { (first, last) = (fixed, fixed) }
        let offset = Self.length(selector.offset) ?? 0
        var before = window.flatMap(Self.length) ?? scope.lookback
        switch (selector.extended, window) {
        case (nil, _), (.anchored, nil): break
        case (.anchored, .some): before = before.clampedSum(scope.lookback)
        case (.smoothed, let window):
            if window != nil { before = before.clampedSum(scope.lookback) }
            last = last.clampedSum(scope.lookback)
        }
        return (
            first.clampedSum(-offset).clampedSum(-before), last.clampedSum(-offset)
        )
    }
}

/// How far native histograms are read as they are stored (`exactness: strict`).
///
/// The JSON of an answer shows the populated buckets of a native histogram. Its schema, its zero
/// threshold, its empty buckets and its counter reset hint are only in what is stored, which remote
/// read gives. Whether an answer holds native histograms is known once it is here. So a query is
/// planned as ever, and where native histograms come that something is computed from, it is planned
/// again: then they are computed here, from stored samples.
public struct StoredReading: Sendable, Hashable {
    /// Members that serve remote read; indices into `FederationScope.members`.
    public var members: Set<Int> = []
    /// Fetches of an earlier plan that brought native histograms: their parts are computed here.
    public var fetches: Set<Plan.RemoteQuery> = []

    public init(members: Set<Int> = [], fetches: Set<Plan.RemoteQuery> = []) {
        self.members = members
        self.fetches = fetches
    }
}

/// What is asked of a member's remote read.
public struct StoredSelection: Sendable, Hashable {
    /// In the member's own names.
    public var matchers: [LabelMatcher]
    /// Both ends belong to it.
    public var from: Timestamp
    public var through: Timestamp

    public init(matchers: [LabelMatcher], from: Timestamp, through: Timestamp) {
        self.matchers = matchers
        self.from = from
        self.through = through
    }
}
