import GatewayConfiguration
import GoText
import PromQLEngine
import PrometheusWire
import TimeSeries
import Upstream

/// Asks members on behalf of plans: over the network, or an engine in their place.
public protocol PlanAsker: Sendable {
    /// Of the scope's members, in their order.
    var names: [String] { get }
    /// What one member answers to one request, wholly read, labels added.
    func fetch(
        _ query: Plan.RemoteQuery, maxSeries: Int
    ) async throws(UpstreamError) -> FetchedAnswer
    /// Gives back the memory of what was fetched, as nothing of it is used.
    func release()
}

/// What a fetch brought, and what the member said about it.
public struct FetchedAnswer: Sendable {
    public var value: FetchedValue
    public let trailers: [ResponseScanner.Trailer]
    /// Of the series, inflated.
    public var bytes: Int
    /// What the member's warnings are about, as far as the plan depends on it.
    let warningCodes: Set<AnnotationCode>
    /// Whether reading stopped at a native histogram (`Plan.RemoteQuery.stopsAtHistograms`); the
    /// value then is none.
    public var isStopped: Bool

    public init(
        value: FetchedValue, trailers: [ResponseScanner.Trailer] = [], bytes: Int = 0,
        isStopped: Bool = false
    ) {
        self.value = value
        self.trailers = trailers
        warningCodes = Set(
            trailers.lazy.flatMap(\.warnings).compactMap(AnnotationCode.init(recognizing:)))
        self.bytes = bytes
        self.isStopped = isStopped
    }

    static let stopped = FetchedAnswer(value: .nothing, isStopped: true)
}

/// Runs a plan whose answer is computed here: its members are asked, and asked again by another plan
/// where their answers call for it; then the engine evaluates.
///
/// The gateway and the proof in process run this same code, with askers of their own.
public struct PlanExecution: Sendable {
    public typealias Reply = FanOut.Reply<FetchedAnswer>

    public var plan: Plan
    public var scope: FederationScope
    /// The query, for positions in annotations.
    public var text: String
    public var asker: any PlanAsker
    public var options: EngineOptions
    /// Requests under way at once.
    public var width: Int
    /// Series that one fetch may bring.
    public var maxSeries: Int
    /// Plans the same query in another scope.
    public var replan: @Sendable (FederationScope) throws(APIError) -> Plan
    /// What was spent before.
    public var statistics: QueryStatistics
    /// How fetches ended that an earlier plan of the query had too.
    private var known: [Plan.RemoteQuery: Reply] = [:]

    public init(
        plan: Plan, scope: FederationScope, text: String, asker: any PlanAsker,
        options: EngineOptions, width: Int = .max, maxSeries: Int = .max,
        statistics: QueryStatistics = QueryStatistics(),
        replan: @escaping @Sendable (FederationScope) throws(APIError) -> Plan
    ) {
        self.plan = plan
        self.scope = scope
        self.text = text
        self.asker = asker
        self.options = options
        self.width = width
        self.maxSeries = maxSeries
        self.statistics = statistics
        self.replan = replan
    }

    /// What the members said, as the engine takes it.
    public struct Gathered: Sendable {
        /// By fetch; nothing of members that are missing.
        public var values: [FetchedValue]
        public var annotations = MemberAnnotations()
        public var statistics: QueryStatistics
        /// Who is missing, wholly or in part.
        public var partial: PartialAnswer
        /// Whether the query is to be planned again, so that no aggregation is split.
        var isTooWeak = false
    }

    /// A plan that needs no other, and what came of its fetches.
    public struct Settled: Sendable {
        public var execution: PlanExecution
        /// In the order of the plan's fetches.
        public var replies: [Reply]
        public var gathered: Gathered
    }

    /// Asks the members until the plan is one that their answers do not object to.
    ///
    /// - Throws: what planning again throws.
    public func settled() async throws(APIError) -> Settled {
        let replies = await replies()
        if Self.areShort(replies) { return try await settled(with: replies) }
        return try await ThreadPool.run { () async throws(APIError) in
            try await settled(with: replies)
        }
    }

    private func settled(with replies: [Reply]) async throws(APIError) -> Settled {
        let gathered = gathered(replies)
        if let better = try refined(after: replies, gathered) {
            return try await better.settled()
        }
        return Settled(execution: self, replies: replies, gathered: gathered)
    }

    /// Whether computing with the answers takes no time worth speaking of.
    static func areShort(_ replies: [Reply]) -> Bool {
        let bytes = replies.reduce(0) { sum, reply in
            if case .success(let fetched) = reply.outcome { sum + fetched.bytes } else { sum }
        }
        return bytes < ResponseScanner.Limits.firstPage
    }

    /// The engine's answer over what was gathered.
    ///
    /// - Parameter memory: lends what columns take; nil where nothing else needs memory.
    public func evaluated(
        _ gathered: Gathered, memory: (any EvaluationMemory)? = nil
    ) throws(EvaluationError) -> QueryResult {
        try plan.evaluate(
            fetched: gathered.values, options: options, text: text, memory: memory)
    }

    // MARK: - Asking

    /// What every member said, or enough of it to know that another plan is needed: a member that
    /// hangs then costs the time of the second round only.
    private func replies() async -> [Reply] {
        let fetches = plan.fetches
        var all = fetches.indices.map { index in
            var reply =
                known[fetches[index]]
                ?? Reply(index: index, outcome: .failure(.cancelled), duration: .zero)
            reply.index = index
            return reply
        }
        let open = fetches.indices.filter { known[fetches[$0]] == nil }
        func isEnough(_ reply: Reply) -> Bool { isTooWeak(for: reply) || Self.isStopped(reply) }
        guard !open.isEmpty, !all.contains(where: isEnough) else { return all }
        let (asker, maxSeries) = (asker, maxSeries)
        func placed(_ reply: Reply) -> Reply {
            Reply(index: open[reply.index], outcome: reply.outcome, duration: reply.duration)
        }
        let asked = await FanOut(width: width).replies(
            to: open, until: { isEnough(placed($0)) }
        ) { index throws(UpstreamError) in
            try await asker.fetch(fetches[index], maxSeries: maxSeries)
        }
        for reply in asked.map(placed) { all[reply.index] = reply }
        return all
    }

    private func gathered(_ replies: [Reply]) -> Gathered {
        var gathered = Gathered(
            values: [FetchedValue](repeating: .nothing, count: plan.fetches.count),
            statistics: statistics, partial: PartialAnswer(names: asker.names))
        gathered.annotations.areNamed = !scope.partition.isNone
        for reply in replies {
            if isTooWeak(for: reply) { gathered.isTooWeak = true }
            let fetch = plan.fetches[reply.index]
            switch reply.outcome {
            case .failure(let error): gathered.partial.add(fetch.member, error)
            case .success(let fetched):
                gathered.values[reply.index] = fetched.value
                for trailer in fetched.trailers {
                    gathered.partial.add(partOf: fetch.member, trailer.partiality)
                    gathered.annotations.add(trailer, from: asker.names[fetch.member])
                    gathered.statistics.add(
                        trailer, from: asker.names[fetch.member],
                        isOnGrid: fetch.grid == plan.grid)
                }
            }
        }
        // A member is in the answer wholly or not at all.
        let missing = gathered.partial.members
        for index in gathered.values.indices where missing.contains(plan.fetches[index].member) {
            gathered.values[index] = .nothing
        }
        // Numbers at the ends of what doubles hold show only when all answers are in.
        if scope.exactness != .strict, !gathered.isTooWeak,
            plan.needsInnerSeries(gathered.values)
        {
            gathered.isTooWeak = true
        }
        return gathered
    }

    // MARK: - Planning again

    /// The same query with the plan that the answers call for, or nil where this one does.
    private func refined(
        after replies: [Reply], _ gathered: Gathered
    ) throws(APIError) -> PlanExecution? {
        let unable = replies.filter {
            if case .failure(let error) = $0.outcome { error.kind == .noRemoteRead } else { false }
        }
        let stopped = replies.filter(Self.isStopped).map(\.index)
        if !unable.isEmpty || !stopped.isEmpty {
            // Of the parts that hold native histograms, members that have not answered yet are
            // taken to have some too.
            let unanswered = replies.filter(\.isDropped).map(\.index)
                .filter { plan.fetches[$0].stopsAtHistograms }
            var brought = Set(stopped)
            for leaf in plan.leaves where !brought.isDisjoint(with: leaf.fetches) {
                brought.formUnion(unanswered.filter(leaf.fetches.contains))
            }
            return try planned(after: replies) { scope in
                scope.stored.members.subtract(unable.map { plan.fetches[$0.index].member })
                scope.stored.fetches.formUnion(brought.map { plan.fetches[$0] })
            }
        }
        return try unsplit(after: gathered)
    }

    private static func isStopped(_ reply: Reply) -> Bool {
        if case .success(let fetched) = reply.outcome { fetched.isStopped } else { false }
    }

    private func planned(
        after replies: [Reply], _ change: (inout FederationScope) -> Void
    ) throws(APIError) -> PlanExecution {
        var other = self
        change(&other.scope)
        other.plan = try replan(other.scope)
        for reply in replies where !reply.isDropped {
            other.known[plan.fetches[reply.index]] = reply
        }
        return other
    }

    /// The same query with a plan that splits no aggregation, where the split lost something that
    /// only the inner series show; else nil.
    private func unsplit(after gathered: Gathered) throws(APIError) -> PlanExecution? {
        let mixesZeroBuckets =
            scope.exactness != .strict && plan.mixesZeroBuckets(gathered.values)
        guard gathered.isTooWeak || mixesZeroBuckets else { return nil }
        var strict = self
        strict.statistics = gathered.statistics
        strict.scope.exactness = .strict
        strict.plan = try replan(strict.scope)
        guard gathered.isTooWeak || strict.plan.fetches != plan.fetches else { return nil }
        // What was fetched is not used.
        asker.release()
        return strict
    }

    /// Whether an answer shows that the plan splits what it must not.
    private func isTooWeak(for reply: Reply) -> Bool {
        guard scope.exactness != .strict, case .success(let fetched) = reply.outcome else {
            return false
        }
        return plan.poolsHistograms(fetched.value, of: reply.index)
            || fetched.warningCodes.contains(where: \.takesElementsAway)
    }
}

extension APIError {
    /// What a failed evaluation means to a client.
    init(_ error: EvaluationError) {
        switch error {
        case .execution(let text): self.init(.execution, text)
        case .timeout(let text): self.init(.timeout, text)
        case .canceled(let text): self.init(.canceled, text)
        case .noMemory: self = .noMemory
        }
    }
}

extension AnnotationCode {
    /// Whether the member left out elements of a partial aggregate that the union may have.
    fileprivate var takesElementsAway: Bool {
        switch self {
        case .mixedFloatsAndHistograms, .mixedBucketSchemas: true
        }
    }
}
