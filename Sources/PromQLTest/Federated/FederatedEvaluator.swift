public import Federation
public import PromQL
public import PromQLEngine
public import TimeSeries

/// Answers queries through the planner, with an engine in place of every member: the whole
/// federation without a network.
public struct FederatedEvaluator: Sendable {
    /// What each member holds, in the order of the scope's members.
    public var sources: [any SeriesSource]
    public var scope: FederationScope
    public var options: EngineOptions
    public var parsing: ParserOptions

    public init(
        sources: [any SeriesSource], scope: FederationScope, options: EngineOptions,
        parsing: ParserOptions
    ) {
        self.sources = sources
        self.scope = scope
        self.options = options
        self.parsing = parsing
    }

    /// The answer of the federation.
    ///
    /// - Throws: `ParseError`, or `EvaluationError` of the local engine or of a member.
    public func evaluate(_ text: String, on grid: StepGrid) throws -> QueryResult {
        let expression = try parseExpression(text, options: parsing)
        return try evaluate(expression, text: text, on: grid, in: scope)
    }

    private func evaluate(
        _ expression: Expression, text: String, on grid: StepGrid, in scope: FederationScope
    ) throws -> QueryResult {
        let plan = try Planner.plan(expression, on: grid, in: scope)
        var annotations = Annotations()
        var fetched: [FetchedValue] = []
        for fetch in plan.fetches {
            let answer = try answer(fetch)
            annotations.merge(answer.annotations)
            fetched.append(answer.value)
        }
        let isMixed = annotations.warnings.contains { $0.contains("mix of histograms") }
        if scope.exactness != .strict,
            isMixed || plan.needsInnerSeries(fetched, partition: scope.partition)
                || plan.mixesZeroBuckets(fetched)
        {
            var strict = scope
            strict.exactness = .strict
            return try evaluate(expression, text: text, on: grid, in: strict)
        }
        let yielded = zip(plan.fetches, fetched).filter { $0.stopsAtHistograms && $1.hasHistograms }
        if !yielded.isEmpty {
            var stored = scope
            stored.stored.fetches.formUnion(yielded.map(\.0))
            return try evaluate(expression, text: text, on: grid, in: stored)
        }
        var result = try plan.evaluate(
            fetched: fetched, partition: scope.partition, options: options, text: text)
        result.annotations.merge(annotations)
        return result
    }

    /// What a member answers to one fetch, with the partition label added.
    private func answer(
        _ fetch: Plan.RemoteQuery
    ) throws -> (
        value: FetchedValue, annotations: Annotations
    ) {
        let member = scope.members[fetch.member]
        if case .stored(let selection) = fetch.form {
            let series = try sources[fetch.member].series(
                matching: selection.matchers, from: selection.from, through: selection.through)
            return (.samples(series.map { labelled($0, by: member) }), Annotations())
        }
        let result = try Engine(options: options).evaluate(
            try parseExpression(fetch.text, options: parsing), on: fetch.grid, query: fetch.text,
            source: sources[fetch.member])
        switch result.value {
        case .scalar, .string: return (.nothing, result.annotations)
        case .vector(let series):
            let labelled = series.map { one in
                var copy = one
                copy.labels = scope.partition.injecting(member, into: one.labels)
                return copy
            }
            return (.steps(labelled), result.annotations)
        case .rangeVector(let series):
            return (.samples(series.map { labelled($0, by: member) }), result.annotations)
        }
    }

    private func labelled(_ series: SampleSeries, by member: String) -> SampleSeries {
        var copy = series
        copy.labels = scope.partition.injecting(member, into: series.labels)
        return copy
    }
}

extension QueryResult.Value {
    /// Whether no series has any value.
    public var isEmpty: Bool {
        switch self {
        case .scalar, .string: false
        case .vector(let series): series.allSatisfy(\.isEmpty)
        case .rangeVector(let series): series.isEmpty
        }
    }
}
