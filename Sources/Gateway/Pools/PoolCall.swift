import GoText
import Members
import PrometheusAPI

/// A pool in its role inside one request: whom to ask first, whom instead, and who answered.
actor PoolCall {
    struct Alternative: Sendable {
        var cluster: String
        var client: MemberClient
    }

    nonisolated let project: String
    nonisolated let choice: PoolResolution.Choice
    /// Enabled, and healthy when the request came; the one to ask first at the front.
    nonisolated let alternatives: [Alternative]
    /// Milliseconds after which a second cluster is asked beside a slow one.
    nonisolated let hedgeAfter: Int64
    /// Clusters that answered, in the order in which they did so first. Questions of one request
    /// may be answered by different ones.
    private(set) var answered: [String] = []

    init(
        project: String, choice: PoolResolution.Choice, alternatives: [Alternative],
        hedgeAfter: Int64
    ) {
        self.project = project
        self.choice = choice
        self.alternatives = alternatives
        self.hedgeAfter = hedgeAfter
    }

    /// The answer of whichever cluster gives one.
    ///
    /// - Parameter deadline: when the answer is of no more use. A second cluster is asked while there
    ///   is time for it, however slow the first one always is.
    /// - Throws: the refusal of the one that understood the question, else `unavailable` with the
    ///   pool's name and what each cluster said.
    nonisolated func ask<Answer: Sendable>(
        by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (MemberClient) async throws(MemberFailure) -> Answer
    ) async throws(MemberFailure) -> Answer {
        let alternatives = alternatives
        var patience = Duration.milliseconds(patience)
        if let deadline { patience = min(patience, ContinuousClock.now.duration(to: deadline) / 2) }
        let race = ClusterRace(count: alternatives.count, hedgeAfter: patience)
        let outcome = await race.run(
            mayBeAskedElsewhere: { (failure: MemberFailure) in failure.kind.mayBeAskedElsewhere },
            { index in
                do throws(MemberFailure) {
                    return .success(try await operation(alternatives[index].client))
                } catch {
                    return .failure(error)
                }
            })
        switch outcome {
        case .answered(let answer, let index):
            await record(alternatives[index].cluster)
            return answer
        case .refused(var failure, _):
            failure.member = project
            throw failure
        case .failed(let failures):
            let causes = failures.map { "\(alternatives[$0.by].cluster): \($0.failure.cause)" }
            throw MemberFailure(
                member: project,
                kind: .unavailable(
                    "no cluster of pool \(GoQuoting.quote(choice.pool)) answered: "
                        + causes.joined(separator: "; ")),
                attempts: 0, milliseconds: 0)
        }
    }

    /// A cluster that always takes long is not slow: it has three times its usual time.
    private nonisolated var patience: Int64 {
        let usual = alternatives.first?.client.health.latency ?? 0
        return max(hedgeAfter, Int64(min(usual * 3, 60_000)))
    }

    private func record(_ cluster: String) {
        if !answered.contains(cluster) { answered.append(cluster) }
    }
}
