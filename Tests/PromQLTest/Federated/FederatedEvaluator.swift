public import Federation
import GatewayConfiguration
public import PromQL
public import PromQLEngine
import PrometheusWire
public import TimeSeries
import Upstream

/// Answers queries through the planner and the gateway's own executor, with an engine in place of
/// every member: the whole federation without a network.
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
    /// - Throws: `ParseError`, or `APIError` of the local engine or of a member.
    public func evaluate(_ text: String, on grid: StepGrid) async throws -> QueryResult {
        let expression = try parseExpression(text, options: parsing)
        let replan = { @Sendable (scope: FederationScope) throws(APIError) -> Plan in
            do throws(ParseError) {
                return try Planner.plan(expression, on: grid, in: scope)
            } catch {
                throw .badData(error.description)
            }
        }
        let asker = EngineAsker(
            sources: sources, partition: scope.partition, names: scope.members, options: options,
            parsing: parsing)
        let settled = try await PlanExecution(
            plan: try replan(scope), scope: scope, text: text, asker: asker, options: options,
            replan: replan
        ).settled()
        let partial = settled.gathered.partial
        _ = try partial.admit(
            asked: settled.execution.plan.membersAsked, under: .abort, effect: nil)
        var result = try settled.execution.evaluated(settled.gathered)
        for text in settled.gathered.annotations.warnings {
            result.annotations.addForeignWarning(text)
        }
        for text in settled.gathered.annotations.infos { result.annotations.addForeignInfo(text) }
        return result
    }
}

/// Answers the requests of plans by an engine in place of each member.
private struct EngineAsker: PlanAsker {
    let sources: [any SeriesSource]
    let partition: PartitionLabel
    let names: [String]
    let options: EngineOptions
    let parsing: ParserOptions

    func release() {}

    func fetch(
        _ query: Plan.RemoteQuery, maxSeries: Int
    ) async throws(UpstreamError) -> FetchedAnswer {
        do {
            let answer = try answer(query)
            guard query.stopsAtHistograms, answer.value.hasHistograms else { return answer }
            return FetchedAnswer(value: .nothing, isStopped: true)
        } catch {
            throw UpstreamError(
                kind: .rejectedQuery(status: 422, errorType: "execution", text: "\(error)"))
        }
    }

    private func answer(_ query: Plan.RemoteQuery) throws -> FetchedAnswer {
        let injection = partition.labels(of: names[query.member]).leavingOut(query.omitted)
        if case .stored(let selection) = query.form {
            let series = try sources[query.member].series(
                matching: selection.matchers, from: selection.from, through: selection.through)
            return FetchedAnswer(value: .samples(series.map { labelled($0, by: injection) }))
        }
        let result = try Engine(options: options).evaluate(
            try parseExpression(query.text, options: parsing), on: query.grid, query: query.text,
            source: sources[query.member])
        var trailer = ResponseScanner.Trailer()
        trailer.warnings = result.annotations.warnings.sorted()
        trailer.infos = result.annotations.infos.sorted()
        let value: FetchedValue
        switch result.value {
        case .scalar, .string: value = .nothing
        case .vector(let series):
            value = .steps(
                series.map { one in
                    var copy = one
                    copy.labels = injection.injecting(into: one.labels)
                    return copy
                })
        case .rangeVector(let series): value = .samples(series.map { labelled($0, by: injection) })
        }
        return FetchedAnswer(value: value, trailers: [trailer])
    }

    private func labelled(_ series: SampleSeries, by injection: LabelInjection) -> SampleSeries {
        var copy = series
        copy.labels = injection.injecting(into: series.labels)
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
