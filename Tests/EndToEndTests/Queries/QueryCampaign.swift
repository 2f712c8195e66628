import Answers
import Foundation
import RealServers
import TestSupport

/// Generated queries put to a gateway and to its union oracle, from several threads at once.
struct QueryCampaign: Sendable {
    var gateway: HTTPAddress
    /// The judge; where there are several, of different versions, a query is compared only if they
    /// agree on it: what their rules differ in has no one right answer.
    var oracles: [HTTPAddress]
    var profile: QueryProfile

    /// What became of one query.
    struct Difference: Sendable, CustomStringConvertible {
        var question: QueryCase
        var what: String
        var gateway = ""
        var oracle = ""

        var description: String {
            """
            \(what)
                \(question)
                gateway: \(gateway)
                oracle:  \(oracle)
            """
        }
    }

    /// How many queries a campaign has; `TRIBUTARY_E2E_QUERIES` is that of the largest.
    static func count(oneIn part: Int) -> Int {
        let environment = ProcessInfo.processInfo.environment
        return (environment["TRIBUTARY_E2E_QUERIES"].flatMap { Int($0) } ?? 3000) / part
    }

    func run(_ count: Int) -> Outcome {
        let outcome = Outcome()
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            var number = worker
            while number < count, outcome.differences.count < 40 {
                judge(number, outcome)
                number += 4
            }
        }
        return outcome
    }

    private func judge(_ number: Int, _ outcome: Outcome) {
        var generator = QueryGenerator(
            seed: Scene.seed &* 1_000_003 &+ UInt64(number), profile)
        let node = generator.next()
        let times = QueryCase.randomTimes(
            &generator.random, isOffEdges: profile.features.contains(.offEdges))
        let question = QueryCase(query: node.text, times: times)
        do {
            let theirs = try question.answer(from: oracles[0])
            guard try areOfOneMind(question, theirs) else {
                outcome.countUndecided()
                return
            }
            outcome.count(theirs)
            guard try difference(question) != nil else { return }
            let smallest = try node.shrunk(attempts: 300) {
                let smaller = QueryCase(query: $0.text, times: times)
                return try areOfOneMind(smaller, smaller.answer(from: oracles[0]))
                    && difference(smaller) != nil
            }
            // A failure of one moment only is a failure too.
            outcome.add(
                try difference(QueryCase(query: smallest.text, times: times))
                    ?? Difference(
                        question: question, what: "differs only sometimes", oracle: theirs.summary)
            )
        } catch {
            outcome.add(Difference(question: question, what: "\(error)"))
        }
    }

    private func areOfOneMind(_ question: QueryCase, _ first: QueryAnswer) throws -> Bool {
        let comparison = UnionComparison(query: question.query, annotations: false)
        return try oracles.dropFirst().allSatisfy {
            comparison.difference(gateway: try question.answer(from: $0), oracle: first) == nil
        }
    }

    private func difference(_ question: QueryCase) throws -> Difference? {
        let (ours, theirs) = (
            try question.answer(from: gateway), try question.answer(from: oracles[0])
        )
        // A server of 2.x has no annotations.
        let comparison = UnionComparison(
            query: question.query,
            annotations: profile.features.contains(.version3))
        guard let what = comparison.difference(gateway: ours, oracle: theirs) else { return nil }
        if !profile.features.contains(.version3) {
            var rounded = question
            rounded.query = AverageRewriting.quotients(in: question.query)
            if rounded.query != question.query {
                let others = try rounded.answer(from: oracles[0])
                if comparison.difference(gateway: ours, oracle: others) == nil { return nil }
            }
        }
        return Difference(
            question: question, what: what, gateway: ours.summary, oracle: theirs.summary)
    }

    /// Collected from several threads.
    final class Outcome: @unchecked Sendable {
        // Guarded by `lock`.
        private let lock = NSLock()
        private var found: [Difference] = []
        private var refusals = 0
        private var empties = 0
        private var undecidedOnes = 0

        var differences: [Difference] { lock.withLock { found } }
        var refused: Int { lock.withLock { refusals } }
        var empty: Int { lock.withLock { empties } }
        /// On which the oracles did not agree.
        var undecided: Int { lock.withLock { undecidedOnes } }

        func add(_ difference: Difference) { lock.withLock { found.append(difference) } }
        func countUndecided() { lock.withLock { undecidedOnes += 1 } }
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
