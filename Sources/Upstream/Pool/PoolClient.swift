import GoText

/// A pool in its role inside one request: whom to ask first, whom instead, and who answered.
public actor PoolClient {
    public struct Alternative: Sendable {
        public var cluster: String
        public var client: UpstreamClient

        public init(cluster: String, client: UpstreamClient) {
            self.cluster = cluster
            self.client = client
        }
    }

    public nonisolated let project: String
    /// The pool's name, and what chose it.
    public nonisolated let pool: String
    public nonisolated let level: String
    /// Enabled, and healthy when the request came; the one to ask first at the front.
    public nonisolated let alternatives: [Alternative]
    /// Why there is no alternative.
    private nonisolated let reason: String?
    /// After this a second cluster is asked beside a slow one.
    nonisolated let hedgeAfter: Duration
    /// Clusters that answered, in the order in which they did so first. Questions of one request
    /// may be answered by different ones.
    public private(set) var answered: [String] = []

    public init(
        project: String, pool: String, level: String, alternatives: [Alternative],
        reason: String? = nil, hedgeAfter: Duration
    ) {
        self.reason = reason
        self.project = project
        self.pool = pool
        self.level = level
        self.alternatives = alternatives
        self.hedgeAfter = hedgeAfter
    }

    /// The answer of whichever cluster gives one.
    ///
    /// - Parameter deadline: when the answer is of no more use. A second cluster is asked while there
    ///   is time for it, however slow the first one always is.
    /// - Throws: the refusal of the one that understood the question, else `unavailable` with the
    ///   pool's name and what each cluster said.
    public nonisolated func ask<Answer: Sendable>(
        by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (UpstreamClient) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Answer {
        if let reason { throw UpstreamError(member: project, kind: .unavailable(reason)) }
        let alternatives = alternatives
        var patience = patience
        if let deadline { patience = min(patience, ContinuousClock.now.duration(to: deadline) / 2) }
        let race = HedgedRequest(count: alternatives.count, hedgeAfter: patience)
        let outcome = await race.run(
            mayBeAskedElsewhere: { (failure: UpstreamError) in failure.kind.mayBeAskedElsewhere },
            onHedge: { alternatives[$0].client.countHedge() },
            { index in
                do throws(UpstreamError) {
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
            throw UpstreamError(
                member: project,
                kind: .unavailable(
                    "no cluster of pool \(GoQuoting.quote(pool)) answered: "
                        + causes.joined(separator: "; ")))
        }
    }

    /// A cluster that always takes long is not slow: it has three times its usual time.
    private nonisolated var patience: Duration {
        let usual = alternatives.first?.client.health.latency ?? .zero
        return max(hedgeAfter, min(usual * 3, .seconds(60)))
    }

    private func record(_ cluster: String) {
        if !answered.contains(cluster) { answered.append(cluster) }
    }
}

/// Asks alternatives in order: the next one when one fails, and one more when the first is slow.
/// The first answer wins, and the other requests are cancelled.
struct HedgedRequest: Sendable {
    enum Outcome<Answer: Sendable, Failure: Error>: Sendable {
        case answered(Answer, by: Int)
        /// A refusal of the question itself, which every alternative would repeat.
        case refused(Failure, by: Int)
        /// In the order in which they failed; empty when there was no alternative to ask.
        case failed([(by: Int, failure: Failure)])
    }

    var count: Int
    /// How long the first may take before a second one is asked beside it.
    var hedgeAfter: Duration

    private enum Event<Answer: Sendable, Failure: Error>: Sendable {
        case ended(Int, Result<Answer, Failure>)
        case slow
    }

    /// - Parameter onHedge: Is told whom is asked beside one that is slow.
    func run<Answer: Sendable, Failure: Error>(
        mayBeAskedElsewhere: (Failure) -> Bool, onHedge: (Int) -> Void = { _ in },
        _ ask: @escaping @Sendable (Int) async -> Result<Answer, Failure>
    ) async -> Outcome<Answer, Failure> {
        typealias Happened = Event<Answer, Failure>
        let (count, hedgeAfter) = (count, hedgeAfter)
        guard count > 0 else { return .failed([]) }
        return await withTaskGroup(of: Happened.self) { group in
            defer { group.cancelAll() }
            group.addTask { .ended(0, await ask(0)) }
            group.addTask {
                try? await Task.sleep(for: hedgeAfter)
                return .slow
            }
            var next = 1
            var running = 1
            var failures: [(by: Int, failure: Failure)] = []
            while let event = await group.next() {
                switch event {
                case .slow:
                    if Task.isCancelled { continue }
                    if next < count { onHedge(next) }
                case .ended(let index, .success(let answer)):
                    return .answered(answer, by: index)
                case .ended(let index, .failure(let failure)):
                    running -= 1
                    guard mayBeAskedElsewhere(failure) else {
                        return .refused(failure, by: index)
                    }
                    failures.append((index, failure))
                }
                if next < count {
                    let index = next
                    group.addTask { .ended(index, await ask(index)) }
                    next += 1
                    running += 1
                } else if running == 0 {
                    break
                }
            }
            return .failed(failures)
        }
    }
}
