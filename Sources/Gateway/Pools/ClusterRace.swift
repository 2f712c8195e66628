/// Asks alternatives in order: the next one when one fails, and one more when the first is slow.
/// The first answer wins, and the other requests are cancelled.
struct ClusterRace: Sendable {
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

    func run<Answer: Sendable, Failure: Error>(
        mayBeAskedElsewhere: (Failure) -> Bool,
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
