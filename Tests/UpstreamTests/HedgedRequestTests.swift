import Testing

@testable import Upstream

/// Who is asked, and when, when several can answer.
@Suite struct HedgedRequestTests {
    private enum Failure: Error, Equatable {
        case down
        /// What another would say too.
        case refused
    }

    private enum Behaviour {
        case answers
        case fails(Failure)
        case hangs
    }

    private actor Asked {
        private(set) var all: [Int] = []
        private(set) var stopped: [Int] = []
        func add(_ index: Int) { all.append(index) }
        func stop(_ index: Int) { stopped.append(index) }
    }

    /// What became of the race, who was asked, and who was told to stop.
    private func race(
        _ behaviours: [Behaviour], hedgeAfter: Duration = .seconds(60)
    ) async -> (outcome: String, asked: [Int], stopped: [Int]) {
        let asked = Asked()
        let outcome = await HedgedRequest(count: behaviours.count, hedgeAfter: hedgeAfter).run(
            mayBeAskedElsewhere: { $0 == Failure.down },
            { index -> Result<String, Failure> in
                await asked.add(index)
                switch behaviours[index] {
                case .answers: return .success("from \(index)")
                case .fails(let failure): return .failure(failure)
                case .hangs:
                    try? await Task.sleep(for: .seconds(60))
                    await asked.stop(index)
                    return .failure(.down)
                }
            })
        let text =
            switch outcome {
            case .answered(let answer, let index): "\(answer) by \(index)"
            case .refused(let failure, let index): "\(failure) by \(index)"
            case .failed(let failures): "failed \(failures.map(\.by))"
            }
        return (text, await asked.all, await asked.stopped)
    }

    @Test func theFirstAloneIsAskedWhenItAnswers() async {
        let (outcome, asked, _) = await race([.answers, .answers])
        #expect(outcome == "from 0 by 0")
        #expect(asked == [0])
    }

    @Test func theNextIsAskedWhenOneFails() async {
        let (outcome, asked, _) = await race([.fails(.down), .fails(.down), .answers])
        #expect(outcome == "from 2 by 2")
        #expect(asked == [0, 1, 2])
    }

    @Test func aRefusalEndsTheRace() async {
        let (outcome, asked, _) = await race([.fails(.refused), .answers])
        #expect(outcome == "refused by 0")
        #expect(asked == [0])
    }

    @Test func allFailuresAreTold() async {
        let (outcome, _, _) = await race([.fails(.down), .fails(.down)])
        #expect(outcome == "failed [0, 1]")
        #expect(await race([]).outcome == "failed []")
    }

    @Test func oneMoreIsAskedBesideASlowOneWhichIsThenStopped() async {
        let (outcome, asked, stopped) = await race(
            [.hangs, .answers, .answers], hedgeAfter: .milliseconds(20))
        #expect(outcome == "from 1 by 1")
        #expect(asked == [0, 1])
        #expect(stopped == [0])
    }
}
