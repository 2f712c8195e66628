import Federation
import Projects

/// Asks all fetches of a plan at once, as many at a time as allowed.
struct FetchRound: Sendable {
    var asker: QuestionAsker
    var limits: Limits

    typealias Outcome = Result<QuestionAsker.Fetched, FragmentFailure>

    /// One fetch that ended.
    private struct Ended: Sendable {
        var index: Int
        var outcome: Outcome
    }

    /// In the order of the fetches.
    func outcomes(of fetches: [Plan.Fetch]) async -> [Outcome] {
        var outcomes = [Outcome](repeating: .failure(.cancelled), count: fetches.count)
        let width = min(fetches.count, max(1, limits.maxMemberConcurrency))
        await withTaskGroup(of: Ended.self) { group in
            for index in 0..<width {
                group.addTask { await end(of: fetches[index], at: index) }
            }
            var next = width
            while let ended = await group.next() {
                outcomes[ended.index] = ended.outcome
                guard next < fetches.count else { continue }
                let index = next
                group.addTask { await end(of: fetches[index], at: index) }
                next += 1
            }
        }
        return outcomes
    }

    private func end(of fetch: Plan.Fetch, at index: Int) async -> Ended {
        do {
            let fetched = try await asker.fetch(fetch, maxSeries: limits.maxSeries)
            return Ended(index: index, outcome: .success(fetched))
        } catch {
            return Ended(index: index, outcome: .failure(error))
        }
    }
}
