import Foundation
import GoText
import RealServers
import TestSupport
import Testing

/// Native histograms as they come through the JSON of real Prometheus servers: rebuilt from their
/// bounds, merged and printed, must be as one real Prometheus computes them that holds them all.
@Suite("Native histograms of real servers", .serialized)
struct NativeHistogramTests {
    private static let start = HistogramScene.start
    /// Queries of the wide generator; `TRIBUTARY_HISTOGRAM_QUERIES=20000 make e2e` asks more.
    private static let generatedCount =
        ProcessInfo.processInfo.environment["TRIBUTARY_HISTOGRAM_QUERIES"].flatMap { Int($0) }
        ?? 2000

    @Test(
        "The federated answer is the union's, instant and range, by JSON and as stored",
        arguments: [false, true])
    func equalsUnion(isExact: Bool) async throws {
        let outcome = try await offPool { () -> Outcome in
            let scene = try HistogramScene(seed: Scene.seed)
            defer { scene.stop() }
            let times: [QueryCase.Times] = [
                .instant(Self.start + 20 * 30_000), .instant(Self.start + 95_500),
                .range(start: Self.start, end: Self.start + 1_300_000, step: 60_000),
                .range(start: Self.start + 7_000, end: Self.start + 900_000, step: 45_000),
            ]
            let cases = Self.cases(times)
            let outcome = Outcome()
            let began = Date()
            DispatchQueue.concurrentPerform(iterations: 4) { worker in
                for number in stride(from: worker, to: cases.count, by: 4)
                where outcome.suspects.count < 40 {
                    let (node, times) = cases[number]
                    do {
                        if let found = try Self.difference(node, times, scene, isExact, outcome) {
                            outcome.suspect(node, times, found)
                        }
                    } catch {
                        outcome.add("\(error): \(node.text)")
                    }
                }
            }
            // 3.5 can confuse the histograms of queries that it answers at the same time, so what
            // differed is asked again alone.
            for (node, times, found) in outcome.suspects {
                guard try Self.difference(node, times, scene, isExact, nil) != nil else {
                    outcome.countUnsteady()
                    continue
                }
                let smallest = try node.shrunk(attempts: 200) {
                    try Self.difference($0, times, scene, isExact, nil) != nil
                }
                let difference = try Self.difference(smallest, times, scene, isExact, nil)
                outcome.add("\(difference ?? found)")
            }
            print(
                "native histograms\(isExact ? " as stored" : ""): \(cases.count) queries with seed \(Scene.seed) in",
                "\(Int(-began.timeIntervalSinceNow)) s, \(outcome.counts)")
            return outcome
        }
        for difference in outcome.differences { Issue.record("\(difference)") }
        // A generator that mostly makes queries without an answer would prove nothing.
        #expect(outcome.counts.empty * 3 < outcome.counts.asked)
        #expect(outcome.counts.refused * 10 < outcome.counts.asked)
        #expect(outcome.counts.excused * 10 < outcome.counts.asked)
        #expect(outcome.counts.unsteady * 200 < outcome.counts.asked)
    }

    private static func cases(_ times: [QueryCase.Times]) -> [(QueryNode, QueryCase.Times)] {
        let written = HistogramQueries.written + HistogramQueries.generated(150, seed: Scene.seed)
        var cases = written.flatMap { query in
            times.map { (QueryNode(.vector, [.text(query)]), $0) }
        }
        for number in 0..<generatedCount {
            var generator = QueryGenerator(
                seed: Scene.seed &* 1_000_003 &+ UInt64(number), .ofHistograms)
            let node = generator.next()
            cases.append((node, randomTimes(&generator.random)))
        }
        return cases
    }

    private static func difference(
        _ node: QueryNode, _ times: QueryCase.Times, _ scene: HistogramScene, _ isExact: Bool,
        _ outcome: Outcome?
    ) throws -> Difference? {
        let question = QueryCase(query: node.text, times: times)
        let (ours, theirs) = try scene.ask(question, isExact: isExact)
        outcome?.count(theirs)
        let comparison = HistogramComparison(query: question.query, isExact: isExact)
        switch comparison.verdict(try ours.json(), try theirs.json()) {
        case .equal: return nil
        case .otherLayout, .ofRelease:
            outcome?.countExcused()
            return nil
        case .different(let what):
            // An error that names the doubt, not an answer in spite of it.
            let isUndecidable =
                ours.status == 422
                && ours.text.contains("could have exponential or custom buckets")
            if try (!isExact && isUndecidable) || dependsOnLayout(node, times, scene, isExact) {
                outcome?.countExcused()
                return nil
            }
            return Difference(
                what: what, question: question, gateway: ours.text, union: theirs.text)
        }
    }

    /// Whether some operand has histograms that differ in what may differ, at the times of the query
    /// or within the windows before them.
    private static func dependsOnLayout(
        _ node: QueryNode, _ times: QueryCase.Times, _ scene: HistogramScene, _ isExact: Bool
    ) throws -> Bool {
        let before: QueryCase.Times
        switch times {
        case .instant(let time): before = .range(start: time - 300_000, end: time, step: 10_000)
        case .range(let start, let end, let step):
            before = .range(start: start - 300_000, end: end, step: max(step / 2, 10_000))
        }
        var level = node.children
        while !level.isEmpty {
            for inner in level where inner.kind == .vector {
                for times in [times, before] {
                    let (ours, theirs) = try scene.ask(
                        QueryCase(query: inner.text, times: times), isExact: isExact)
                    switch HistogramComparison(query: inner.text, isExact: isExact)
                        .verdict(try ours.json(), try theirs.json())
                    {
                    case .otherLayout, .ofRelease: return true
                    case .equal, .different: continue
                    }
                }
            }
            level = level.flatMap(\.children)
        }
        return false
    }

    /// Times within, at the edges of and off the grid of the data.
    private static func randomTimes(_ random: inout SeededRandom) -> QueryCase.Times {
        let place = start + Milliseconds(Int64(random.below(68)) * 30_000)
        let odd = Milliseconds(random.oneIn(3) ? Int64(random.below(30_000)) : 0)
        if random.oneIn(2) { return .instant(place + odd) }
        let step = random.pick([15_000, 30_000, 60_000, 45_000, 7_000] as [Milliseconds])
        let begin = max(start, place - 300_000) + odd
        return .range(start: begin, end: begin + step * Int64(random.below(25)), step: step)
    }

    @Test("Floats and histograms are a mix wherever they meet, though all histograms are empty")
    func hollow() async throws {
        let differences = try await offPool { () -> [String] in
            let scene = try HistogramScene(seed: Scene.seed)
            defer { scene.stop() }
            var warned = 0
            var differences: [String] = []
            for query in HistogramQueries.hollow {
                for times: QueryCase.Times in [
                    .instant(Self.start + 300_000), .instant(Self.start + 900_000),
                    .range(start: Self.start, end: Self.start + 1_200_000, step: 30_000),
                ] {
                    let question = QueryCase(query: query, times: times)
                    let (ours, theirs) = try scene.ask(question)
                    if theirs.text.contains("mix of histograms") { warned += 1 }
                    let verdict = HistogramComparison(query: query, isExact: false)
                        .verdict(try ours.json(), try theirs.json())
                    if verdict != .equal {
                        differences.append(
                            "\(verdict)\n    \(question)\n    gateway: \(ours.text.prefix(3000))"
                                + "\n    union:   \(theirs.text.prefix(3000))")
                    }
                }
            }
            #expect(warned > 30)
            return differences
        }
        for difference in differences { Issue.record("\(difference)") }
    }

    private struct Difference: CustomStringConvertible {
        var what: String
        var question: QueryCase
        var gateway: String
        var union: String

        var description: String {
            "\(what)\n    \(question)\n    gateway: \(gateway.prefix(3000))"
                + "\n    union:   \(union.prefix(3000))"
        }
    }

    /// Collected from several threads.
    private final class Outcome: @unchecked Sendable {
        struct Counts {
            var asked = 0
            var empty = 0
            var refused = 0
            var excused = 0
            /// Differed only while other queries ran.
            var unsteady = 0
        }

        // Guarded by `lock`.
        private let lock = NSLock()
        private var found: [String] = []
        private var suspected: [(QueryNode, QueryCase.Times, Difference)] = []
        private var numbers = Counts()

        var differences: [String] { lock.withLock { found } }
        var counts: Counts { lock.withLock { numbers } }

        /// What differed while other queries ran.
        var suspects: [(QueryNode, QueryCase.Times, Difference)] { lock.withLock { suspected } }

        func suspect(_ node: QueryNode, _ times: QueryCase.Times, _ found: Difference) {
            lock.withLock { suspected.append((node, times, found)) }
        }

        func add(_ difference: String) { lock.withLock { found.append(difference) } }

        func countUnsteady() { lock.withLock { numbers.unsteady += 1 } }

        func countExcused() { lock.withLock { numbers.excused += 1 } }

        func count(_ union: HTTPAnswer) {
            lock.withLock {
                numbers.asked += 1
                if union.status != 200 { numbers.refused += 1 }
                if union.text.contains(#""result":[]"#) { numbers.empty += 1 }
            }
        }
    }
}
