import Foundation
import Testing

extension EndToEnd {
    /// The gateway over real Prometheus servers must answer as one real Prometheus that holds it all.
    struct GeneratedQueryTests {
        /// What became of one query.
        private struct Difference: Sendable {
            var question: QueryCase
            var what: String
            var gateway: String
            var oracle: String
        }

        @Test("Generated queries are answered as the union oracle answers them")
        func generated() async throws {
            let scene = try Scene.required()
            let environment = ProcessInfo.processInfo.environment
            let count = environment["TRIBUTARY_E2E_QUERIES"].flatMap { Int($0) } ?? 3000
            let outcome = try await offPool {
                Self.run(count, gateway: scene.gateway.project("all"), oracle: scene.oracle.address)
            }
            let (refused, empty) = (outcome.refused, outcome.empty)
            print(
                "end to end: \(count) generated queries with seed \(Scene.seed),",
                "\(empty) empty, \(refused) refused by both, \(outcome.differences.count) differences"
            )
            for difference in outcome.differences {
                Issue.record(
                    """
                    \(difference.what)
                        \(difference.question)
                        gateway: \(difference.gateway)
                        oracle:  \(difference.oracle)
                    """)
            }
            // A generator that mostly makes queries without an answer would prove nothing.
            #expect(refused * 5 < count)
            #expect(empty * 2 < count)
        }

        private static func run(
            _ count: Int, gateway: HTTPAddress, oracle: HTTPAddress
        ) -> Outcome {
            let outcome = Outcome()
            DispatchQueue.concurrentPerform(iterations: 4) { worker in
                var number = worker
                while number < count, outcome.differences.count < 40 {
                    defer { number += 4 }
                    var generator = QueryGenerator(
                        seed: Scene.seed &* 1_000_003 &+ UInt64(number), features: .all)
                    let node = generator.next()
                    let times = QueryCase.randomTimes(&generator.random)
                    do {
                        let question = QueryCase(query: node.text, times: times)
                        let theirs = try question.answer(from: oracle)
                        outcome.count(theirs)
                        guard try difference(question, gateway, oracle) != nil else { continue }
                        let smallest = try node.shrunk(attempts: 300) {
                            let smaller = QueryCase(query: $0.text, times: times)
                            return try difference(smaller, gateway, oracle) != nil
                        }
                        let small = QueryCase(query: smallest.text, times: times)
                        // A failure of one moment only is a failure too.
                        outcome.add(
                            try difference(small, gateway, oracle)
                                ?? Difference(
                                    question: question, what: "differs only sometimes", gateway: "",
                                    oracle: theirs.summary))
                    } catch {
                        outcome.add(
                            Difference(
                                question: QueryCase(query: node.text, times: times),
                                what: "\(error)",
                                gateway: "", oracle: ""))
                    }
                }
            }
            return outcome
        }

        private static func difference(
            _ question: QueryCase, _ gateway: HTTPAddress, _ oracle: HTTPAddress
        ) throws -> Difference? {
            let (ours, theirs) = (
                try question.answer(from: gateway), try question.answer(from: oracle)
            )
            let comparison = AnswerComparison(query: question.query)
            guard let what = comparison.difference(gateway: ours, oracle: theirs) else {
                return nil
            }
            var rounded = question
            rounded.query = AverageRewriting.quotients(in: question.query)
            if rounded.query != question.query {
                let others = try rounded.answer(from: oracle)
                if comparison.difference(gateway: ours, oracle: others) == nil { return nil }
            }
            return Difference(
                question: question, what: what, gateway: ours.summary, oracle: theirs.summary)
        }

        /// Collected from several threads.
        private final class Outcome: @unchecked Sendable {
            // Guarded by `lock`.
            private let lock = NSLock()
            private var found: [Difference] = []
            private var refusals = 0
            private var empties = 0

            var differences: [Difference] { lock.withLock { found } }
            var refused: Int { lock.withLock { refusals } }
            var empty: Int { lock.withLock { empties } }

            func add(_ difference: Difference) { lock.withLock { found.append(difference) } }
            func count(_ answer: QueryAnswer) {
                lock.withLock {
                    switch answer.outcome {
                    case .error: refusals += 1
                    case .series(_, let series) where series.isEmpty: empties += 1
                    case .series, .scalar: break
                    }
                }
            }
        }
    }
}
