public import GoText
import HTTPTransport
public import PrometheusWire
public import UpstreamSettings

/// Servers that scrape the same targets, as one member: which of them is asked first, which instead,
/// and what each is known to have.
///
/// It lasts as long as its configuration, so that what was found out about the past is kept.
public final class ReplicaSet: Sendable {
    public struct Replica: Sendable {
        /// Its place in the configuration, `replicas[0]`, or its host and port where it was found.
        public let name: String
        public let client: UpstreamClient
        /// What it has samples of.
        public let timeRange: TimeRange

        public init(name: String, client: UpstreamClient, timeRange: TimeRange = TimeRange()) {
            self.name = name
            self.client = client
            self.timeRange = timeRange
        }
    }

    public let project: String
    /// The preferred one first.
    public let replicas: [Replica]
    /// Labels that tell replicas apart; they are in no answer.
    public let labels: [String]
    /// Whether samples are merged for every query.
    public let mergesAlways: Bool
    /// After this a second replica is asked beside a slow one.
    public let hedgeAfter: Duration
    /// What replicas lack that others have.
    public let coverage: ReplicaCoverage
    /// The sets that pass header fields on, the one that was used last behind the others.
    private let forwardingSets = LockedValue<[ReplicaSet]>([])

    /// Of these sets, so many are kept, with what they found out.
    private static let mostForwardingSets = 64

    public init(
        project: String, replicas: [Replica], labels: [String] = [], mergesAlways: Bool = false,
        hedgeAfter: Duration
    ) {
        self.project = project
        self.replicas = replicas
        self.labels = labels
        self.mergesAlways = mergesAlways
        self.hedgeAfter = hedgeAfter
        coverage = ReplicaCoverage(replicas.map(\.client), labels: labels)
    }

    /// The clients by what metrics call them.
    public var named: [(name: String, client: UpstreamClient)] {
        replicas.map { (name: "\(project) \($0.name)", client: $0.client) }
    }

    /// The client of a replica; nil where there is none of the name.
    public func client(named name: String) -> UpstreamClient? {
        replicas.first { $0.name == name }?.client
    }

    /// The set whose replicas are passed header fields of a request on, as `UpstreamClient.forwarding`
    /// has it. What requests with other values found out is not known to it.
    ///
    /// - Parameter values: The values of a field of the request, in their order.
    /// - Returns: this set where there is nothing to pass on.
    /// - Throws: 400 for fields that are too long.
    public func forwarding(
        _ values: (_ name: String) -> [String]
    ) throws(APIError) -> ReplicaSet {
        var passing: [Replica] = []
        for replica in replicas {
            passing.append(
                Replica(
                    name: replica.name, client: try replica.client.forwarding(values),
                    timeRange: replica.timeRange))
        }
        let set = ReplicaSet(
            project: project, replicas: passing, labels: labels, mergesAlways: mergesAlways,
            hedgeAfter: hedgeAfter)
        if set.isSame(as: self) { return self }
        return forwardingSets.withLock { sets in
            let place = sets.firstIndex { $0.isSame(as: set) }
            let kept = place.map { sets.remove(at: $0) } ?? set
            sets.append(kept)
            if sets.count > Self.mostForwardingSets { sets.removeFirst() }
            return kept
        }
    }

    /// Whether another set would ask the same in the same way, so that what is known here holds there.
    public func isSame(as other: ReplicaSet) -> Bool {
        replicas.count == other.replicas.count && labels == other.labels
            && mergesAlways == other.mergesAlways && hedgeAfter == other.hedgeAfter
            && zip(replicas, other.replicas).allSatisfy {
                $0.client === $1.client && $0.name == $1.name && $0.timeRange == $1.timeRange
            }
    }

    /// All replicas by their places, in the order in which they are asked: those that keep failing
    /// last.
    public var order: [Int] {
        let resting = replicas.indices.filter { replicas[$0].client.isResting }
        return replicas.indices.filter { !resting.contains($0) } + resting
    }

    /// Asks once more where no replica answers and some were not asked because they kept failing: a
    /// pair that is restarted one after the other is never without one that answers.
    ///
    /// - Throws: as the operation does.
    public func insisting<Answer: Sendable>(
        _ operation: @Sendable () async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Answer {
        do throws(UpstreamError) {
            return try await operation()
        } catch {
            let rested = replicas.filter { $0.client.endRest() }
            guard error.kind.mayBeAskedElsewhere, !rested.isEmpty else { throw error }
            return try await operation()
        }
    }

    /// What came of asking replicas until one answers.
    public enum Outcome<Answer: Sendable>: Sendable {
        case answered(Answer, by: Int)
        /// Why each of them gave none; the places of the replicas.
        case failed([(replica: Int, error: UpstreamError)])
    }

    /// Asks replicas in an order: the next one when one fails, and one more when the first is slow.
    ///
    /// - Parameter deadline: when the answer is of no more use.
    /// - Throws: the refusal of the one that understood the question.
    public func race<Answer: Sendable>(
        among order: [Int], by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (Int) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Outcome<Answer> {
        let usual = order.first.flatMap { replicas[$0].client.health.latency } ?? .zero
        var patience = max(hedgeAfter, min(usual * 3, .seconds(60)))
        if let deadline { patience = min(patience, ContinuousClock.now.duration(to: deadline) / 2) }
        let outcome = await HedgedRequest(count: order.count, hedgeAfter: patience).run(
            mayBeAskedElsewhere: { (failure: UpstreamError) in failure.kind.mayBeAskedElsewhere },
            { place in
                do throws(UpstreamError) {
                    return .success(try await operation(order[place]))
                } catch {
                    return .failure(error)
                }
            })
        switch outcome {
        case .answered(let answer, let place): return .answered(answer, by: order[place])
        case .refused(var failure, _):
            failure.member = project
            throw failure
        case .failed(let failures): return .failed(failures.map { (order[$0.by], $0.failure) })
        }
    }

    /// The answer of whichever replica gives one.
    ///
    /// - Throws: the refusal of the one that understood the question, else `unavailable`, with what
    ///   each replica said.
    func ask<Answer: Sendable>(
        by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (UpstreamClient) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Answer {
        try await insisting { () async throws(UpstreamError) in
            let outcome = try await race(among: order, by: deadline) {
                [replicas] place throws(UpstreamError) in
                try await operation(replicas[place].client)
            }
            switch outcome {
            case .answered(let answer, _): return answer
            case .failed(let failures): throw missing(failures)
            }
        }
    }

    /// What each replica answers that does, in the order of the configuration, all asked at once.
    /// Those that have no sample between two times, of which nil leaves that side open, are not asked.
    ///
    /// - Returns: nothing where none has any.
    /// - Throws: where none answers, as `ask` does.
    public func askEach<Answer: Sendable>(
        from: Timestamp? = nil, through: Timestamp? = nil,
        _ operation: @escaping @Sendable (UpstreamClient) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> [Answer] {
        let now = WallClock.now()
        let asked = replicas.indices.filter {
            replicas[$0].timeRange.touches(from: from, through: through, at: now)
        }
        if asked.isEmpty { return [] }
        return try await insisting { () async throws(UpstreamError) in
            try await answers(of: asked, operation)
        }
    }

    private func answers<Answer: Sendable>(
        of asked: [Int],
        _ operation: @escaping @Sendable (UpstreamClient) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> [Answer] {
        let replies = await FanOut(width: asked.count).replies(to: asked) {
            [replicas] place throws(UpstreamError) in try await operation(replicas[place].client)
        }
        var answers: [Answer] = []
        var failures: [(replica: Int, error: UpstreamError)] = []
        for reply in replies {
            switch reply.outcome {
            case .success(let answer): answers.append(answer)
            case .failure(let error): failures.append((asked[reply.index], error))
            }
        }
        if answers.isEmpty { throw missing(failures) }
        return answers
    }

    /// The error that no replica answered. What all of them say of the question is said as one.
    public func missing(_ failures: [(replica: Int, error: UpstreamError)]) -> UpstreamError {
        if let first = failures.first?.error,
            !first.kind.mayBeAskedElsewhere || failures.allSatisfy({ $0.error.kind == first.kind })
        {
            var error = first
            error.member = project
            return error
        }
        let causes = failures.map { "\(replicas[$0.replica].name): \($0.error.cause)" }
        return UpstreamError(
            member: project,
            kind: .unavailable("no replica answered: " + causes.joined(separator: "; ")))
    }
}
