import Federation
import Projects

/// Asks all fetches of a plan at once, as many at a time as allowed.
struct FetchRound: Sendable {
    var asker: QuestionAsker
    var limits: Limits
    /// How fetches of an earlier round ended, which are not asked again.
    var known: [Plan.Fetch: Ended] = [:]

    typealias Outcome = Result<QuestionAsker.Fetched, FragmentFailure>

    /// One fetch that ended.
    struct Ended: Sendable {
        var index: Int
        var outcome: Outcome
        /// From its turn to its last byte.
        var milliseconds: Double
    }

    /// In the order of the fetches.
    ///
    /// - Parameter isEnough: Whether nothing else needs to be known, so that what is still under way
    ///   is dropped; it is then `cancelled`.
    func ended(
        _ fetches: [Plan.Fetch], until isEnough: (Ended) -> Bool = { _ in false }
    ) async -> [Ended] {
        var all: [Ended] = fetches.indices.map {
            Ended(index: $0, outcome: .failure(.cancelled), milliseconds: 0)
        }
        let width = min(fetches.count, max(1, limits.maxMemberConcurrency))
        await withTaskGroup(of: Ended.self) { group in
            for index in 0..<width {
                group.addTask { await end(of: fetches[index], at: index) }
            }
            var next = width
            while let ended = await group.next() {
                all[ended.index] = ended
                if isEnough(ended) {
                    group.cancelAll()
                    break
                }
                guard next < fetches.count else { continue }
                let index = next
                group.addTask { await end(of: fetches[index], at: index) }
                next += 1
            }
        }
        return all
    }

    private func end(of fetch: Plan.Fetch, at index: Int) async -> Ended {
        if var ended = known[fetch] {
            ended.index = index
            return ended
        }
        let began = ContinuousClock.now
        let outcome: Outcome
        do throws(FragmentFailure) {
            outcome = .success(try await asker.fetch(fetch, maxSeries: limits.maxSeries))
        } catch {
            outcome = .failure(error)
        }
        return Ended(
            index: index, outcome: outcome,
            milliseconds: began.duration(to: .now) / .milliseconds(1))
    }
}
