import Federation
import Projects

/// Asks all fetches of a plan at once, as many at a time as allowed.
struct FetchRound: Sendable {
    var asker: QuestionAsker
    var limits: Limits

    typealias Outcome = Result<QuestionAsker.Fetched, FragmentFailure>

    /// In the order of the fetches.
    func outcomes(of fetches: [Plan.Fetch]) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var outcomes = [Outcome](repeating: .failure(.cancelled), count: fetches.count)
            var next = 0
            func add() {
                let index = next
                let fetch = fetches[index]
                next += 1
                group.addTask {
                    do throws(FragmentFailure) {
                        return (
                            index,
                            .success(
                                try await asker.fetch(fetch, maxSeries: limits.maxSeries))
                        )
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            while next < min(fetches.count, max(1, limits.maxMemberConcurrency)) { add() }
            while let (index, outcome) = await group.next() {
                outcomes[index] = outcome
                if next < fetches.count { add() }
            }
            return outcomes
        }
    }
}
