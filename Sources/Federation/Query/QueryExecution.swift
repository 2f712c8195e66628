import GatewayConfiguration
import GoText
import PromQL
import PromQLEngine
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import TimeSeries
import Upstream

/// Answers `query` and `query_range`: parse, plan, ask the members, and splice or evaluate.
public struct QueryExecution: Sendable {
    var settings: QuerySettings
    var limits: Limits
    var resources: QueryResources
    /// Finds what answers fragments for a member.
    var source: @Sendable (Member) -> any FragmentSource
    /// Which ends of windows members include. Without a deadline they are not asked for their
    /// versions: what is known already decides.
    var boundary:
        @Sendable ([Member], ContinuousClock.Instant?) async -> EngineOptions.RangeBoundary
    /// The version of the language that each member speaks; nil where that is not known. Without
    /// a deadline they are not asked.
    var languages: @Sendable ([Member], ContinuousClock.Instant?) async -> [LanguageVersion?] = {
        members, _ in members.map { _ in nil }
    }
    var now: @Sendable () -> Timestamp
    let unsortedMembers = UnsortedMembers()
    let longFragments = LongFragments()

    public func respond(
        to request: PrometheusRequest, project: ResolvedProject, kind: QueryKind
    ) async
        -> PrometheusResponse
    {
        let record = RequestScope.current?.record
        record?.begin(request, kind, project)
        do {
            let query = try QueryRequest(
                request, kind: kind, project: project, settings: settings,
                maxQueryBytes: limits.maxQueryBytes, now: now())
            record?.add(query.grid)
            guard query.deadline > .now else {
                throw APIError.timedOut(in: .execution)
            }
            let admission = try await RequestScope.measure(.queue) {
                try await resources.admit(request, to: project, until: query.deadline)
            }
            return try await answer(query, project, admission)
        } catch is CancellationError {
            return ErrorAnswer.of(
                APIError(.canceled, "query was canceled in query execution"))
        } catch {
            return refusal(error, of: project)
        }
    }

    /// An error, which says so where a limit of the client's own is behind it.
    func refusal(_ error: any Error, of project: ResolvedProject) -> PrometheusResponse {
        guard var own = error as? APIError, let key = samplesKey(project),
            own.message == EvaluationError.tooManySamples.description
        else { return ErrorAnswer.of(error) }
        own.message += " (\(key))"
        return ErrorAnswer.of(own)
    }

    /// The key of the limit of samples where it is the client's own; nil where it is that of all.
    func samplesKey(_ project: ResolvedProject) -> String? {
        guard let most = project.limits.maxSamples, most < settings.maxSamples else { return nil }
        return "auth.tokens[].limits.maxSamples"
    }

    /// The answer, or the beginning of one.
    ///
    /// - Throws: `APIError`.
    private func answer(
        _ query: QueryRequest, _ project: ResolvedProject, _ admission: QueueMemory.Admission
    ) async throws
        -> PrometheusResponse
    {
        let admitted = ContinuousClock.now
        let (query, plan, scope) = try await RequestScope.measure(.plan) {
            try await self.plan(query, for: project)
        }
        RequestScope.current?.record?.add(plan)
        project.counts?.count(plan)
        try admission.add(plan)
        let turn = resources.turn(query.time, for: project.client)
        let partEffect = try partEffect(query, scope)
        let cache = cache(for: query)
        let coverage = query.statistics == nil || cache == nil ? nil : CacheCoverage()
        let questions = QuestionAsker(
            project: project, lookback: lookback(query, project), deadline: query.time.members,
            concurrency: limits.maxMemberConcurrency,
            refusesParts: Self.refusesParts(query.partialResponse, partEffect),
            partEffect: partEffect, statistics: query.statistics,
            turn: turn, samples: SampleBudget(options(query, scope), key: samplesKey(project)),
            source: project.bounding(source(by: cache, coverage), at: now()))
        let statistics = QueryStatistics(admitted: admitted, coverage: coverage)
        if case .union(let leaf) = plan.root, !query.isTraced {
            return try await SplicedResponse(
                query: query, plan: plan, leaf: leaf, asker: questions,
                heldBytes: limits.heldAnswerBytes, maxSeries: limits.maxSeries,
                unsortedMembers: unsortedMembers, statistics: statistics, admission: admission
            ).response()
        }
        defer { withExtendedLifetime(admission) {} }
        var options = options(query, scope)
        options.isTraced = query.isTraced
        var response = EvaluatedResponse(
            query: query,
            execution: execution(query, plan, scope, questions, options, statistics),
            turn: turn, partEffect: partEffect, counts: project.counts)
        if query.isTraced {
            response.explanation = { [self] execution, analysis in
                await explanation(of: execution, analysis, query, project)
            }
        }
        return try await response.response()
    }

    /// The cache, where a query may be answered from it.
    private func cache(for query: QueryRequest) -> ResultsCache? {
        // Labels that are dropped with the name may change in the middle of a range.
        guard query.takesCached, !settings.features.contains(.typeAndUnitLabels) else { return nil }
        return resources.cache
    }

    /// What answers fragments of a query: the members, asked for long ranges in parts, by way of the
    /// cache where there is one for it.
    private func source(
        by cache: ResultsCache?, _ coverage: CacheCoverage?
    ) -> @Sendable (Member) -> any FragmentSource {
        replicated(singleSource(by: cache, coverage))
    }

    private func singleSource(
        by cache: ResultsCache?, _ coverage: CacheCoverage?
    ) -> @Sendable (Member) -> any FragmentSource {
        // As for the cache.
        if settings.features.contains(.typeAndUnitLabels) { return source }
        let split = { @Sendable [source, longFragments] (member: Member) -> any FragmentSource in
            SplittingSource(source(member), of: member, long: longFragments)
        }
        guard let cache else { return split }
        return { [now] member in
            CachingSource(split(member), of: member, cache: cache, coverage: coverage, now: now)
        }
    }

    /// Sources that answer for members with replicas too, by way of sources for one server each.
    func replicated(
        _ single: @escaping @Sendable (Member) -> any FragmentSource
    ) -> @Sendable (Member) -> any FragmentSource {
        var evaluation = ReplicaEvaluation()
        evaluation.options.defaultSubqueryStep = Milliseconds(settings.defaultSubqueryStep)
        evaluation.options.lookback = Milliseconds(settings.lookback)
        evaluation.options.delayedNameRemoval = settings.features.contains(.delayedNameRemoval)
        evaluation.options.useStartTimestamps = settings.features.contains(.startTimestamps)
        evaluation.options.typeAndUnitLabels = settings.features.contains(.typeAndUnitLabels)
        evaluation.options.maxSamples = settings.maxSamples
        evaluation.rules = { [boundary, languages] members, deadline in
            let versions = await languages(members, deadline).compactMap { $0 }
            return (await boundary(members, deadline), versions.min() ?? .current)
        }
        return { [evaluation, now] member in
            ReplicatedSource.source(member, evaluation: evaluation, now: now, single)
        }
    }

    /// What members are told; a member that answers for itself alone has its own.
    private func lookback(_ query: QueryRequest, _ project: ResolvedProject) -> Milliseconds? {
        query.namesLookback || !project.partition.isNone ? query.lookback : nil
    }

    func execution(
        _ query: QueryRequest, _ plan: Plan, _ scope: FederationScope, _ asker: QuestionAsker,
        _ options: EngineOptions, _ statistics: QueryStatistics = QueryStatistics()
    ) -> PlanExecution {
        PlanExecution(
            plan: plan, scope: scope, text: query.text, asker: asker, options: options,
            width: limits.maxMemberConcurrency, maxSeries: limits.maxSeries,
            statistics: statistics
        ) { [limits] scope throws(APIError) in try Self.plan(query, in: scope, limits) }
    }

    /// Whether a member that itself knows others, as Thanos does, must not answer without them.
    private static func refusesParts(
        _ policy: PartialResponse, _ effect: MissingMemberEffect
    ) -> Bool {
        switch (policy, effect) {
        case (.warn, _): false
        case (.abort, _), (.safe, .mayBeWrong): true
        case (.safe, .none), (.safe, .subset), (.safe, .incompleteAggregate): false
        }
    }

    private func partEffect(
        _ query: QueryRequest, _ scope: FederationScope
    ) throws(APIError) -> MissingMemberEffect {
        do throws(ParseError) {
            return try .ofMissingSeries(query.expression, on: query.grid, in: scope)
        } catch {
            throw .parameter("query", error.description)
        }
    }

    /// The plan, the query as it is planned, and the scope it was made in. Only what runs here
    /// depends on the versions of the members, so only then they are asked for them, and only those
    /// that take part. Where none does, the rules are those of all members whose version is known.
    func plan(
        _ query: QueryRequest, for project: ResolvedProject
    ) async throws(APIError) -> (
        QueryRequest, Plan, FederationScope
    ) {
        var query = query
        var scope = scope(query, project)
        var plan = try Self.plan(query, in: scope, limits)
        let asked = plan.membersAsked.sorted().map { project.members[$0] }
        if query.coarsen(for: asked) { plan = try Self.plan(query, in: scope, limits) }
        if query.expression.dependsOnVersion {
            scope.languages = try await languages(of: project, query, plan)
            plan = try Self.plan(query, in: scope, limits)
        }
        if case .union = plan.root { return (query, plan, scope) }
        let (members, deadline) =
            asked.isEmpty ? (project.members, nil) : (asked, query.time.versions)
        scope.rangeBoundary = await boundary(members, deadline)
        scope.language = await languages(members, deadline).compactMap { $0 }.min() ?? .current
        if case .leftOpen = scope.rangeBoundary, scope.language == .current {
            return (query, plan, scope)
        }
        return (query, try Self.plan(query, in: scope, limits), scope)
    }

    /// The languages of the members that take part.
    ///
    /// - Throws: for `holt_winters`, what Prometheus 3 says of it, where all of them are known to
    ///   be of that line.
    private func languages(
        of project: ResolvedProject, _ query: QueryRequest, _ plan: Plan
    ) async throws(APIError) -> [LanguageVersion?] {
        var all = [LanguageVersion?](repeating: nil, count: project.members.count)
        let asked = plan.membersAsked.sorted()
        let known = await languages(asked.map { project.members[$0] }, query.time.versions)
        for (member, version) in zip(asked, known) { all[member] = version }
        guard query.expression.calls(.holtWinters), !asked.isEmpty,
            let removed = Function.holtWinters.removed,
            known.allSatisfy({ version in version.map { $0 >= removed } ?? false })
        else { return all }
        var options = ParserOptions(features: settings.features)
        options.holtWinters = false
        do throws(ParseError) {
            _ = try parseExpression(query.text, options: options)
        } catch {
            throw .parameter("query", error.description)
        }
        return all
    }

    static func plan(
        _ query: QueryRequest, in scope: FederationScope, _ limits: Limits
    ) throws(APIError) -> Plan {
        var plan: Plan
        do throws(ParseError) {
            plan = try Planner.plan(query.expression, on: query.grid, in: scope)
        } catch {
            throw .parameter("query", error.description)
        }
        if scope.partition.isNone, scope.anchored.isEmpty, scope.restriction.isEmpty,
            !query.expression.dependsOnVersion,
            case .union = plan.root, plan.fetches.count == 1
        {
            // What is the member's own is in the client's own words; annotations point into them.
            plan.fetches[0].text = query.text
        }
        guard plan.fetches.count <= limits.maxMemberRequests else {
            throw APIError(
                .execution,
                "the query needs \(plan.fetches.count) requests to members; at most "
                    + "\(limits.maxMemberRequests) are allowed (limits.maxMemberRequests)")
        }
        return plan
    }

    private func scope(_ query: QueryRequest, _ project: ResolvedProject) -> FederationScope {
        var scope = FederationScope(
            members: project.members.map(\.name), partition: project.partition,
            defaultSubqueryStep: Milliseconds(settings.defaultSubqueryStep),
            lookback: query.lookback,
            exactness: query.exactness)
        scope.anchored = project.anchored
        scope.restriction = project.restriction
        scope.sharesServer = project.sharesServer
        if case .strict = query.exactness {
            scope.stored.members = Set(
                project.members.indices.filter { source(project.members[$0]).mayServeRemoteRead })
        }
        return scope
    }

    func options(
        _ query: QueryRequest, _ scope: FederationScope
    )
        -> EngineOptions
    {
        var options = EngineOptions()
        options.lookback = query.lookback
        options.defaultSubqueryStep = Milliseconds(settings.defaultSubqueryStep)
        options.rangeBoundary = scope.rangeBoundary
        options.language = scope.language
        options.dialect = scope.rangeBoundary == .closed ? .prometheus2 : .prometheus3
        options.delayedNameRemoval = settings.features.contains(.delayedNameRemoval)
        options.useStartTimestamps = settings.features.contains(.startTimestamps)
        options.typeAndUnitLabels = settings.features.contains(.typeAndUnitLabels)
        options.maxSamples = query.maxSamples
        options.deadline = query.deadline
        return options
    }
}

extension QueryExecution {
    /// The execution of a configuration, over the network and by the wall clock.
    ///
    /// - Parameter resources: Shared with the queries of a former configuration.
    public init(configuration: Configuration, resources: QueryResources) {
        self.init(
            settings: configuration.query, limits: configuration.limits,
            resources: resources,
            source: { MemberFragmentSource($0) },
            boundary: { [setting = configuration.query.rangeBoundary] members, deadline in
                await Self.boundary(setting, members, deadline)
            },
            languages: { [setting = configuration.query.rangeBoundary] members, deadline in
                await Self.languages(setting, members, deadline)
            },
            now: { WallClock.now() })
    }

    /// By member. Where the version does not tell, `query.rangeBoundary: closed` says that it is 2.x.
    private static func languages(
        _ setting: QuerySettings.RangeBoundary, _ members: [Member],
        _ deadline: ContinuousClock.Instant?
    ) async -> [LanguageVersion?] {
        let clients = members.map(\.clients.first)
        let known = await capabilities(of: clients.compactMap { $0 }, deadline)
        var next = known.makeIterator()
        return clients.map { client in
            let language = client == nil ? nil : next.next()??.language
            if let language { return LanguageVersion(language.major, language.minor) }
            return setting == .closed ? LanguageVersion(2, 55) : nil
        }
    }

    /// Members of 2.x include both ends; one of them, or one cluster of a pool, is enough to follow
    /// them, as the window of what runs here then is never shorter than that of what runs there.
    private static func boundary(
        _ setting: QuerySettings.RangeBoundary, _ members: [Member],
        _ deadline: ContinuousClock.Instant?
    ) async -> EngineOptions.RangeBoundary {
        switch setting {
        case .leftOpen: return .leftOpen
        case .closed: return .closed
        case .auto:
            let known = await capabilities(
                of: members.flatMap(\.clients), deadline, until: { $0.rangeBoundary == .closed })
            return known.contains { $0?.rangeBoundary == .closed } ? .closed : .leftOpen
        }
    }

    /// What the versions of members say: what is known already, without a deadline or where that is
    /// enough; else the members are waited for. nil where that was not needed.
    private static func capabilities(
        of clients: [UpstreamClient], _ deadline: ContinuousClock.Instant?,
        until isEnough: @escaping @Sendable (UpstreamCapabilities) -> Bool = { _ in false }
    ) async -> [UpstreamCapabilities?] {
        guard let deadline else { return clients.map(\.knownCapabilities) }
        let atHand = clients.map { $0.capabilitiesAtHand() }
        if atHand.allSatisfy({ $0 != nil }) || atHand.contains(where: { $0.map(isEnough) ?? false })
        {
            return atHand
        }
        let replies = await FanOut(width: clients.count).replies(
            to: clients, until: { (try? $0.outcome.get()).map(isEnough) ?? false }
        ) { client in await client.capabilities(deadline: deadline) }
        return replies.map { try? $0.outcome.get() }
    }
}
