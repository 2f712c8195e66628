import GoText
import PromQL
import PromQLEngine
import PrometheusWire
import TimeSeries
import Upstream

/// The fragments of a member that is several replicas.
///
/// Steps that look at times of which the preferred replica has everything are asked of it, as of any
/// member. For others the samples of all replicas are merged, and the fragment is evaluated here.
public struct ReplicatedSource: FragmentSource {
    let member: Member
    let set: ReplicaSet
    /// What answers fragments for each replica.
    let sources: [any FragmentSource]
    let evaluation: ReplicaEvaluation
    let now: @Sendable () -> Timestamp

    /// Bytes of an answer that is read before it is passed on, so that another replica can be asked
    /// where it breaks off.
    static let heldBytes = 4 << 20

    /// What answers fragments of a member: replicas together, and any other member by itself.
    ///
    /// - Parameter single: answers for one server or pool.
    static func source(
        _ member: Member, evaluation: ReplicaEvaluation, now: @escaping @Sendable () -> Timestamp,
        _ single: (Member) -> any FragmentSource
    ) -> any FragmentSource {
        guard let set = member.replicas else { return single(member) }
        return ReplicatedSource(
            member: member, set: set,
            sources: set.replicas.map { single(member.standingAlone($0)) },
            evaluation: evaluation, now: now)
    }

    /// What answers fragments of a member by the rules of the current version.
    public static func standard(_ member: Member) -> any FragmentSource {
        source(member, evaluation: ReplicaEvaluation(), now: { WallClock.now() }) {
            MemberFragmentSource($0)
        }
    }

    public func open(
        _ question: FragmentQuestion
    ) async throws(UpstreamError) -> any FragmentStream {
        try await set.insisting { () async throws(UpstreamError) in
            try await open(question, among: set.order, failed: [])
        }
    }

    public func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool {
        await MemberFragmentSource(member).knowsCustomBuckets(by: deadline)
    }

    // MARK: - Which way

    /// A question, and who answers it.
    struct Decision: Sendable {
        var expression: Expression
        /// The replicas that may be asked, the preferred one first.
        var order: [Int]
        var choice: ReplicaChoice
        /// Why samples are merged whatever the replicas have; nil where they need not be.
        var mustMerge: String?
        var knowledge = ReplicaCoverage.Knowledge()
    }

    /// Decides who of some replicas answers; nil for a text that the gateway cannot read, which any
    /// of them judges.
    func decision(
        on question: FragmentQuestion, among order: [Int]
    ) async -> Decision? {
        let lookback = question.lookback ?? evaluation.options.lookback
        let grid = question.grid
        guard let expression = try? parseExpression(question.text, options: .everything),
            let touched = try? TouchedSelectors(of: expression, on: grid, lookback: lookback)
        else { return nil }
        let now = now()
        let knowledge = await knowledge(of: touched.times, now, question.deadline)
        let order = knowledge.order(order)
        let holdings = ReplicaChoice.Holdings.all(of: set, among: order, knowledge, at: now)
        let choice: ReplicaChoice
        if let reach = FragmentReach(question.text) {
            let behind = Milliseconds(reach.behind.count + lookback.count)
            choice = ReplicaChoice(
                on: grid,
                windows: { step in
                    let window =
                        step.clampedSum(
                            -behind)...max(
                            step.clampedSum(-behind), step.clampedSum(reach.ahead))
                    return [window] + (reach.fixed.map { [$0.clampedSum(-behind)...$0] } ?? [])
                }, whole: touched.times, holdings)
        } else {
            choice = ReplicaChoice(on: grid, windows: nil, whole: touched.times, holdings)
        }
        var decision = Decision(
            expression: expression, order: order, choice: choice, knowledge: knowledge)
        if touched.times == nil { return decision }
        if set.mergesAlways {
            decision.mustMerge = "dedup: raw"
        } else if await set.coverage.showsLabels(deadline: question.deadline) {
            decision.mustMerge = "a server shows \(set.labels.joined(separator: ", "))"
        }
        return decision
    }

    private func knowledge(
        of times: ClosedRange<Timestamp>?, _ now: Timestamp, _ deadline: ContinuousClock.Instant
    ) async -> ReplicaCoverage.Knowledge {
        guard let times else { return ReplicaCoverage.Knowledge() }
        let margin = ReplicaEvaluation.margin
        let patience = ContinuousClock.now.duration(to: deadline) / 2
        return await set.coverage.knowledge(
            from: times.lowerBound.clampedSum(-margin),
            through: times.upperBound.clampedSum(margin), now: now,
            deadline: .now.advanced(by: patience))
    }

    /// Which replicas answer a question, and why, for people.
    func explanation(of question: FragmentQuestion) async -> String {
        guard let decision = await decision(on: question, among: set.order) else {
            return "asked of \(name(set.order.first))"
        }
        let order = decision.order
        if let reason = decision.mustMerge { return "samples are merged: \(reason)" }
        let parts = decision.choice.runs.map { run in
            let steps = decision.choice.runs.count > 1 ? " for \(run.grid.count) steps" : ""
            guard let replica = run.way.first else { return "samples are merged\(steps)" }
            return "asked of \(name(replica))\(steps)"
        }
        let lacks = decision.choice.lacks
        guard let first = lacks.first, let last = lacks.last else {
            return parts.joined(separator: ", ") + ", which lacks nothing there"
        }
        return parts.joined(separator: ", ")
            + ": \(name(order.first)) lacks samples between "
            + "\(RFC3339.text(first.lowerBound)) and \(RFC3339.text(last.upperBound))"
    }

    private func name(_ replica: Int?) -> String {
        replica.map { set.replicas[$0].name } ?? "no replica"
    }

    // MARK: - Asking

    private typealias Failures = [(replica: Int, error: UpstreamError)]

    private func open(
        _ question: FragmentQuestion, among order: [Int], failed: Failures
    ) async throws(UpstreamError) -> any FragmentStream {
        guard !order.isEmpty else { throw set.missing(failed) }
        guard let decision = await decision(on: question, among: order) else {
            return try await alone(question, order, failed: failed) { _ in [] }
        }
        if decision.mustMerge != nil {
            return try await merged(question, decision)
        }
        let runs = decision.choice.runs
        if runs.count == 1 { return try await open(question, runs[0].way, decision, failed) }
        let replies = await FanOut(width: runs.count).replies(to: runs) {
            run throws(UpstreamError) in
            var part = question
            part.grid = run.grid
            return try await Self.held(open(part, run.way, decision, failed))
        }
        var parts: [SeriesJoin.Part] = []
        var trailer = ResponseScanner.Trailer()
        for reply in replies {
            let answer = try reply.outcome.get()
            guard let part = try? SeriesJoin.Part(answer.pages) else {
                return try await merged(question, decision)
            }
            parts.append(part)
            trailer.warnings += answer.trailer.warnings.filter { !trailer.warnings.contains($0) }
            trailer.infos += answer.trailer.infos.filter { !trailer.infos.contains($0) }
            trailer.isPartial = trailer.isPartial || answer.trailer.isPartial
        }
        trailer.resultType = ResponseScanner.ResultType.matrix.rawValue
        trailer.statistics = question.statistics.map {
            SampleStatistics.nothing($0, on: question.grid)
        }
        return JoinedStream(SeriesJoin(parts), trailer, holding: ())
    }

    private func open(
        _ question: FragmentQuestion, _ way: ReplicaChoice.Way, _ decision: Decision,
        _ failed: Failures
    ) async throws(UpstreamError) -> any FragmentStream {
        switch way {
        case .merged: return try await merged(question, decision)
        case .alone(let first, let others):
            let candidates = [first] + others
            return try await alone(question, candidates, failed: failed) { gone in
                decision.order.filter { !gone.contains($0) }
            }
        }
    }

    /// Asks replicas of which each can answer by itself.
    ///
    /// - Parameter rest: who is left when those are gone.
    private func alone(
        _ question: FragmentQuestion, _ candidates: [Int], failed: Failures,
        rest: ([Int]) -> [Int]
    ) async throws(UpstreamError) -> any FragmentStream {
        let outcome = try await set.race(among: candidates, by: question.deadline) {
            [sources] replica throws(UpstreamError) in
            try await BegunFragment.begin(sources[replica].open(question), Self.heldBytes)
        }
        switch outcome {
        case .answered(let stream, _): return stream
        case .failed(let failures):
            let all = failed + failures
            return try await open(question, among: rest(all.map(\.replica)), failed: all)
        }
    }

    private struct Held: Sendable {
        var pages: [SeriesPage]
        var trailer: ResponseScanner.Trailer
    }

    private static func held(
        _ stream: any FragmentStream
    ) async throws(UpstreamError) -> Held {
        var pages: [SeriesPage] = []
        while let page = try await stream.next() {
            try await Lending.lender?.hold(2 * page.bytesReserved)
            pages.append(page)
        }
        return Held(pages: pages, trailer: await stream.trailer())
    }

    // MARK: - Merging

    private func merged(
        _ question: FragmentQuestion, _ decision: Decision
    ) async throws(UpstreamError) -> any FragmentStream {
        let lookback = question.lookback ?? evaluation.options.lookback
        let names = LabelNames(set.labels)
        let touched: TouchedSelectors
        do throws(ParseError) {
            touched = try TouchedSelectors(
                of: decision.expression, on: question.grid, lookback: lookback)
        } catch {
            throw UpstreamError(
                kind: .rejectedQuery(
                    status: 400, errorType: "bad_data", text: error.description))
        }
        var selectors: [TouchedSelectors.Selector] = []
        for selector in touched.selectors where !selectors.contains(selector) {
            selectors.append(selector)
        }
        let reading = ReplicaReading(
            set: set, order: decision.order, knowledge: decision.knowledge, now: now(),
            budget: SampleBudget(evaluation.options.maxSamples), deadline: question.deadline,
            work: question.work)
        var samples = ReplicaSamples()
        for (selector, given) in zip(selectors, try await reading.series(of: selectors)) {
            samples.add(selector, given, without: names)
        }
        return try await evaluation.answer(
            question, decision.expression, samples,
            members: decision.order.map { member.standingAlone(set.replicas[$0]) },
            infos: infos(samples.filled))
    }

    /// Holes that are told of one answer.
    private static let mostTold = 5

    private func infos(_ filled: [ReplicaSamples.Filled]) -> Set<String> {
        let sorted = filled.sorted { $0.times.lowerBound < $1.times.lowerBound }
        var infos = Set(
            sorted.prefix(Self.mostTold).map { one in
                "replicas: samples from \(RFC3339.text(one.times.lowerBound)) to "
                    + "\(RFC3339.text(one.times.upperBound)) are those of "
                    + set.replicas[one.replica].name
            })
        if sorted.count > Self.mostTold {
            infos.insert("replicas: \(sorted.count - Self.mostTold) more holes were filled")
        }
        return infos
    }
}

extension Member {
    /// One of its replicas, as a member of its own.
    func standingAlone(_ replica: ReplicaSet.Replica) -> Member {
        Member(name: name, source: .server(replica.client), timeRange: timeRange)
    }
}

/// A stream whose first pages were read: all of them, or as many as are held.
private actor BegunFragment: FragmentStream {
    private var first: ArraySlice<SeriesPage>
    private let isWhole: Bool
    private let rest: any FragmentStream

    private init(_ first: [SeriesPage], isWhole: Bool, _ rest: any FragmentStream) {
        self.first = first[...]
        self.isWhole = isWhole
        self.rest = rest
    }

    static func begin(
        _ stream: any FragmentStream, _ most: Int
    ) async throws(UpstreamError) -> BegunFragment {
        var (pages, bytes, isWhole) = ([SeriesPage](), 0, false)
        while bytes < most {
            guard let page = try await stream.next() else {
                isWhole = true
                break
            }
            try await Lending.lender?.hold(page.bytesReserved)
            bytes += page.bytesReserved
            pages.append(page)
        }
        return BegunFragment(pages, isWhole: isWhole, stream)
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        if let page = first.popFirst() { return page }
        return isWhole ? nil : try await rest.next()
    }

    func trailer() async -> ResponseScanner.Trailer { await rest.trailer() }
}
