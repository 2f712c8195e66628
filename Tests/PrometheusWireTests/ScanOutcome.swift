import TimeSeries

@testable import PrometheusWire

/// What a scanner makes of a body: every series, or a refusal.
enum ScanOutcome: Equatable {
    struct Answer: Equatable {
        var elements: [String] = []
        var keys: [[UInt8]] = []
        var haveHistograms: [Bool] = []
        var trailer = ResponseScanner.Trailer()
    }
    case answer(Answer)
    case refused

    init(
        _ body: [UInt8], chunk: Int, speed: ResponseScanner.Speed = .fast,
        injecting injection: LabelInjection? = nil, on grid: StepGrid? = nil,
        limits: ResponseScanner.Limits = ResponseScanner.Limits()
    ) {
        var scanner = ResponseScanner(
            injecting: injection, on: grid, limits: limits, speed: speed)
        var answer = Answer()
        do throws(ScanError) {
            var at = 0
            while at < body.count {
                let end = at + min(chunk, body.count - at)
                try scanner.append(body[at..<end])
                at = end
                answer.add(scanner.takePages())
            }
            answer.trailer = try scanner.finish()
            answer.add(scanner.takePages())
            self = .answer(answer)
        } catch {
            self = .refused
        }
    }
}

extension ScanOutcome.Answer {
    fileprivate mutating func add(_ pages: [SeriesPage]) {
        for page in pages {
            for extent in page.series {
                elements.append(String(decoding: page.bytes[extent.element], as: UTF8.self))
                keys.append(Array(page.keys[extent.key]))
                haveHistograms.append(extent.hasHistograms)
            }
        }
    }
}
