import GoText
import PromQL
import PromQLEngine
import PrometheusWire
import TimeSeries
import Upstream

/// Remote read of a member that is several replicas: of the preferred one where it has everything that
/// is asked, else the merged samples of all.
struct ReplicatedRead: Sendable {
    let set: ReplicaSet
    let now: Timestamp
    let budget: SampleBudget
    let deadline: ContinuousClock.Instant
    let work: QueryWork?

    /// The replicas of which each has everything between two times, in the order in which they are
    /// preferred; none where samples must be merged.
    func candidates(
        from: Timestamp, through: Timestamp
    ) async -> (replicas: [Int], knowledge: ReplicaCoverage.Knowledge) {
        let margin = ReplicaEvaluation.margin
        let knowledge = await set.coverage.knowledge(
            from: from.clampedSum(-margin), through: through.clampedSum(margin), now: now,
            deadline: deadline)
        if set.mergesAlways { return ([], knowledge) }
        if await set.coverage.showsLabels(deadline: deadline) { return ([], knowledge) }
        let holdings = ReplicaChoice.Holdings.all(
            of: set, among: knowledge.order(set.order), knowledge, at: now)
        let choice = ReplicaChoice(
            on: .instant(through), windows: { _ in [from...max(from, through)] },
            whole: from...max(from, through), holdings)
        guard case .alone(let first, let others)? = choice.runs.first?.way else {
            return ([], knowledge)
        }
        return ([first] + others, knowledge)
    }

    /// The series of a selection, each once, as a page of remote read.
    ///
    /// - Parameters:
    ///   - matchers: in the servers' own names.
    ///   - knowledge: what the replicas lack of these times.
    func page(
        of matchers: [LabelMatcher], from: Timestamp, through: Timestamp,
        _ knowledge: ReplicaCoverage.Knowledge, injecting injection: LabelInjection?
    ) async throws(UpstreamError) -> SeriesPage {
        let selector = TouchedSelectors.Selector(matchers: matchers, from: from, through: through)
        let reading = ReplicaReading(
            set: set, order: knowledge.order(set.order), knowledge: knowledge, now: now,
            budget: budget,
            deadline: deadline, work: work)
        var samples = ReplicaSamples()
        let series = try await set.insisting { () async throws(UpstreamError) in
            try await reading.series(of: [selector])
        }
        for given in series {
            samples.add(selector, given, without: LabelNames(set.labels))
        }
        let merged = samples.all.compactMap { $0.between(from, through) }
        return RemoteSeriesWriter.page(of: merged, injecting: injection)
    }

    /// The answer to a request of remote read. Merged samples are not given as chunks.
    func reply(
        to request: RemoteReadRequest, numbers: [Int], injecting injection: LabelInjection?,
        hold: @escaping @Sendable (Int) async throws(UpstreamError.Kind) -> Void
    ) async throws(UpstreamError) -> RemoteReadReply {
        let from = request.queries.map(\.start).min() ?? now
        let through = request.queries.map(\.end).max() ?? now
        let (candidates, knowledge) = await candidates(from: from, through: through)
        if !candidates.isEmpty {
            let outcome = try await set.race(among: candidates, by: deadline) {
                [set, deadline, work] replica throws(UpstreamError) in
                try await set.replicas[replica].client.read(
                    request, numbers: numbers, injecting: injection, deadline: deadline,
                    work: work, hold: hold)
            }
            if case .answered(let reply, _) = outcome { return reply }
        }
        var pages: [(query: Int, page: SeriesPage)] = []
        for (number, query) in zip(numbers, request.queries) {
            let page = try await page(
                of: query.matchers.map(\.inPromQL), from: query.start, through: query.end,
                knowledge, injecting: injection)
            do throws(UpstreamError.Kind) {
                try await hold(page.bytesReserved)
            } catch {
                throw UpstreamError(kind: error)
            }
            pages.append((number, page))
        }
        return .samples(pages)
    }
}

extension SampleSeries {
    /// The samples between two times, both included; nil for none.
    fileprivate func between(_ from: Timestamp, _ through: Timestamp) -> SampleSeries? {
        var part = SampleSeries(labels: labels)
        for (place, time) in times.enumerated() where time >= from && time <= through {
            part.histograms[part.times.count] = histograms[place]
            part.times.append(time)
            part.values.append(values[place])
        }
        return part.times.isEmpty ? nil : part
    }
}

extension ReplicatedSource {
    public var mayServeRemoteRead: Bool { MemberFragmentSource(member).mayServeRemoteRead }

    /// What is stored: of one replica that has everything, else merged.
    public func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer {
        let selection = question.selection
        let read = ReplicatedRead(
            set: set, now: now(), budget: SampleBudget(evaluation.options.maxSamples),
            deadline: question.deadline, work: question.work)
        let (candidates, knowledge) = await read.candidates(
            from: selection.from, through: selection.through)
        if !candidates.isEmpty {
            let outcome = try await set.race(among: candidates, by: question.deadline) {
                [sources] replica throws(UpstreamError) in
                try await sources[replica].stored(question)
            }
            if case .answered(let answer, _) = outcome { return answer }
        }
        let page = try await read.page(
            of: selection.matchers, from: selection.from, through: selection.through, knowledge,
            injecting: question.injection)
        return StoredAnswer(pages: [page]) { () async throws(UpstreamError) in nil }
    }
}
