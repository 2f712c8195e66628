import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// What a scanner makes of a body, or that it refuses it.
private func outcome(
    _ body: [UInt8], chunk: Int, speed: ResponseScanner.Speed, injecting: LabelInjection?,
    on grid: StepGrid? = nil
) -> ScanOutcome {
    var limits = ResponseScanner.Limits()
    limits.page = 512
    limits.labels = 12
    return ScanOutcome(
        body, chunk: chunk, speed: speed, injecting: injecting, on: grid, limits: limits)
}

/// One grammar at two speeds: the fast scan and the exact walker, fed with the same bytes in any
/// chunks, say the same.
@Suite struct TwoSpeedsTests {
    @Test(arguments: 0..<40)
    func agreeOnMutatedAnswers(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var answers = AnswerGenerator(random: SeededRandom(seed: seed ^ 0xFFFF))
        for _ in 0..<50 {
            var body = answers.answer()
            for _ in 0..<Int.random(in: 0..<4, using: &random) { mutate(&body, &random) }
            let injection =
                Bool.random(using: &random) ? LabelInjection(name: "project", value: "m\"1") : nil
            let grid = Self.grids.randomElement(using: &random) ?? nil
            let exact = outcome(
                body, chunk: .max, speed: .exact, injecting: injection, on: grid)
            let chunk = [1, 2, 3, 7, 31, 200, .max].randomElement(using: &random) ?? 1
            let fast = outcome(
                body, chunk: chunk, speed: .fast, injecting: injection, on: grid)
            #expect(
                fast == exact, "chunks of \(chunk): \(String(decoding: body, as: UTF8.self))")
        }
    }

    /// Around the times of the generated answers: all of them, some of them, or any.
    private static let grids: [StepGrid?] = [
        nil, StepGrid(start: -10_000, end: 1_800_000_000_000, step: 1000),
        StepGrid(start: 0, end: 1_800_000_000_000, step: 2000),
        StepGrid(start: 1_700_000_000_000, end: 1_700_000_040_000, step: 1000), .instant(100_000),
    ]

    @Test(arguments: RecordedAnswers.all)
    func agreeOnAnswersOfRealServers(answer: RecordedAnswers.Answer) {
        let exact = outcome(answer.body, chunk: .max, speed: .exact, injecting: nil)
        let isSuccess = answer.body.starts(with: #"{"status":"success""#.utf8)
        #expect((exact != .refused) == isSuccess)
        for chunk in [1, 2, 5, 97, 4096, .max] {
            #expect(outcome(answer.body, chunk: chunk, speed: .fast, injecting: nil) == exact)
        }
        var random = SeededRandom(seed: UInt64(answer.body.count))
        for _ in 0..<100 {
            var body = answer.body
            for _ in 0..<Int.random(in: 1..<4, using: &random) { mutate(&body, &random) }
            let injection =
                Bool.random(using: &random) ? LabelInjection(name: "project", value: "m\"1") : nil
            let exact = outcome(body, chunk: .max, speed: .exact, injecting: injection)
            let chunk = [7, 61, 500, .max].randomElement(using: &random) ?? 7
            let fast = outcome(body, chunk: chunk, speed: .fast, injecting: injection)
            #expect(
                fast == exact, "chunks of \(chunk): \(String(decoding: body, as: UTF8.self))")
        }
    }

    private func mutate(_ body: inout [UInt8], _ random: inout SeededRandom) {
        guard !body.isEmpty else { return }
        let at = Int.random(in: 0..<body.count, using: &random)
        let tokens = [
            "\"", "\\", ",", "[", "]", "{", "}", ":", " ", "0", "1", "-", "+", ".", "e", "NaN",
            "Inf", "000", "\u{0}", "\u{1F}", "\\u0041", "\\n", "é", "metric", "values", "value",
            "histograms", "\"metric\":{},", ",\"values\":[[1,\"1\"]]", "null", "[]",
            "nan", "inf", "-Infinity", "\"isPartial\":true,", "\"warnings\":\"w\",",
        ]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: body.remove(at: at)
        case 1: body[at] = UInt8.random(in: 0...255, using: &random)
        case 2:
            body.insert(
                contentsOf: (tokens.randomElement(using: &random) ?? "").utf8, at: at)
        case 3:
            body.removeSubrange(at..<min(body.count, at + Int.random(in: 1..<40, using: &random)))
        default:
            let end = min(body.count, at + Int.random(in: 1..<40, using: &random))
            body.insert(contentsOf: Array(body[at..<end]), at: end)
        }
    }
}
