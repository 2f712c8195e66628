import GoText
import PromQL
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// Reads the samples that replicas have stored.
struct ReplicaReading: Sendable {
    let set: ReplicaSet
    /// Who is asked, the preferred one first.
    let order: [Int]
    let knowledge: ReplicaCoverage.Knowledge
    let now: Timestamp
    let budget: SampleBudget
    let deadline: ContinuousClock.Instant
    let work: QueryWork?

    private struct Question: Sendable {
        var selector: Int
        var replica: Int
        var matchers: [LabelMatcher]
        var from: Timestamp
        var through: Timestamp
    }

    /// What each replica has of each selector, in the order of the replicas. Replicas that do not
    /// answer are left out.
    ///
    /// - Throws: where none answers.
    func series(
        of selectors: [TouchedSelectors.Selector]
    ) async throws(UpstreamError) -> [[ReplicaSeries]] {
        let questions = selectors.indices.flatMap { index in
            order.compactMap { question(index, selectors[index], $0) }
        }
        let replies = await FanOut(width: questions.count).replies(to: questions) {
            question throws(UpstreamError) in
            try await set.replicas[question.replica].client.samples(
                of: question.matchers, from: question.from, through: question.through, budget,
                deadline: deadline, work: work)
        }
        var failures: [(replica: Int, error: UpstreamError)] = []
        for reply in replies {
            guard case .failure(let error) = reply.outcome else { continue }
            guard error.kind.mayBeAskedElsewhere else { throw error }
            let replica = questions[reply.index].replica
            if !failures.contains(where: { $0.replica == replica }) {
                failures.append((replica, error))
            }
        }
        let gone = failures.map(\.replica)
        if !questions.isEmpty, questions.allSatisfy({ gone.contains($0.replica) }) {
            throw set.missing(failures)
        }
        var series = [[ReplicaSeries]](repeating: [], count: selectors.count)
        for (question, reply) in zip(questions, replies) where !gone.contains(question.replica) {
            guard case .success(let given) = reply.outcome else { continue }
            let outages = order.filter { $0 != question.replica }.flatMap {
                knowledge.lack(of: question.replica, beside: $0).outages
            }
            series[question.selector].append(
                ReplicaSeries(
                    replica: question.replica, series: given, from: question.from,
                    through: question.through, outages: outages))
        }
        return series
    }

    /// nil for a selector that selects nothing, and for times of which the replica has none.
    private func question(
        _ index: Int, _ selector: TouchedSelectors.Selector, _ replica: Int
    ) -> Question? {
        guard let matchers = set.matchersInServers(selector.matchers) else { return nil }
        let margin = ReplicaEvaluation.margin
        let bounds = set.replicas[replica].timeRange.bounds(at: now)
        let from = max(selector.from.clampedSum(-margin), bounds.from)
        let through = min(
            selector.through.clampedSum(margin), bounds.through, max(now, selector.through))
        guard from <= through else { return nil }
        return Question(
            selector: index, replica: replica, matchers: matchers, from: from, through: through)
    }
}
