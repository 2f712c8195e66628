/// The one way in which several members are asked: all at once, so many at a time.
///
/// Whatever is asked (queries, lists of labels, documents, samples, states), it is a question to
/// `replies`; what missing members mean for the answer is said by `PartialAnswer`.
public struct FanOut: Sendable {
    /// Requests under way at once.
    public var width: Int

    public init(width: Int) { self.width = width }

    /// What came of one question. A type of its own: the optimiser of Swift 6.3 loses the numbers of
    /// tuples in task groups.
    public struct Reply<Answer: Sendable>: Sendable {
        /// The position of the question.
        public var index: Int
        public var outcome: Result<Answer, UpstreamError>
        /// From its turn to its last byte.
        public var duration: Duration

        public init(index: Int, outcome: Result<Answer, UpstreamError>, duration: Duration) {
            self.index = index
            self.outcome = outcome
            self.duration = duration
        }

        /// Whether it was dropped, as enough was known.
        public var isDropped: Bool {
            if case .failure(let error) = outcome, error.kind == .cancelled { true } else { false }
        }
    }

    /// The replies, in the order of the questions.
    ///
    /// - Parameters:
    ///   - isEnough: Whether nothing else needs to be known, so that everything still under way is
    ///     dropped; the reply then is the failure `cancelled`.
    ///   - ask: Asks one question.
    public func replies<Question: Sendable, Answer: Sendable>(
        to questions: [Question], until isEnough: (Reply<Answer>) -> Bool = { _ in false },
        _ ask: @escaping @Sendable (Question) async throws(UpstreamError) -> Answer
    ) async -> [Reply<Answer>] {
        var replies = questions.indices.map {
            Reply<Answer>(index: $0, outcome: .failure(.cancelled), duration: .zero)
        }
        await withTaskGroup(of: Reply<Answer>.self) { group in
            var next = 0
            func startNext() {
                guard next < questions.count else { return }
                let (index, question) = (next, questions[next])
                group.addTask { await Self.reply(to: question, at: index, ask) }
                next += 1
            }
            for _ in 0..<min(questions.count, max(1, width)) { startNext() }
            while let reply = await group.next() {
                replies[reply.index] = reply
                if isEnough(reply) {
                    group.cancelAll()
                    break
                }
                startNext()
            }
        }
        return replies
    }

    private static func reply<Question, Answer>(
        to question: Question, at index: Int,
        _ ask: (Question) async throws(UpstreamError) -> Answer
    ) async -> Reply<Answer> {
        let began = ContinuousClock.now
        let outcome: Result<Answer, UpstreamError>
        do throws(UpstreamError) {
            outcome = .success(try await ask(question))
        } catch {
            outcome = .failure(error)
        }
        return Reply(index: index, outcome: outcome, duration: began.duration(to: .now))
    }
}
