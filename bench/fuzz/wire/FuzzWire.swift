import GoText
import TimeSeries

@testable import PrometheusWire

// The two readers of members' answers say the same about any bytes, and nothing crashes on what
// they let through.
//
// The first byte chooses the size of the chunks and whether a label is injected; the rest is the
// body of an answer.

/// What a reader makes of a body; nil where it refuses it.
private struct Reading: Equatable {
    var pages: [[UInt8]] = []
    var keys: [[UInt8]] = []
    var haveHistograms: [Bool] = []
    var trailer = ResponseScanner.Trailer()

    init?(_ body: [UInt8], chunk: Int, speed: ResponseScanner.Speed, injecting: LabelInjection?) {
        var limits = ResponseScanner.Limits()
        limits.page = 300
        limits.labels = 16
        var scanner = ResponseScanner(injecting: injecting, limits: limits, speed: speed)
        do {
            var at = 0
            while at < body.count {
                let end = at + min(chunk, body.count - at)
                try scanner.append(body[at..<end])
                at = end
                add(scanner.takePages())
            }
            trailer = try scanner.finish()
            add(scanner.takePages())
        } catch {
            return nil
        }
    }

    private mutating func add(_ scanned: [SeriesPage]) {
        for page in scanned {
            for extent in page.series {
                pages.append(Array(page.bytes[extent.element]))
                keys.append(Array(page.keys[extent.key]))
                haveHistograms.append(extent.hasHistograms)
            }
            // What was validated can be decoded: no error of reading, only of judgement.
            let grid = StepGrid(start: 1_700_000_000_000, end: 1_700_000_600_000, step: 1000)
            _ = try? PageDecoder().steps(of: page, on: grid)
            do {
                let series = try PageDecoder().samples(of: page)
                precondition(series.count == page.series.count)
                precondition(series.allSatisfy { !$0.times.isEmpty })
            } catch {
                precondition("\(error)".contains("could not be read") == false, "\(error)")
            }
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let choice = start[0]
    let body = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let injection =
        choice & 1 == 0 ? LabelInjection(name: "project", value: "m\"\n\u{1}") : nil
    let chunk = choice & 2 == 0 ? Int.max : Int(choice >> 2) + 1
    let exact = Reading(body, chunk: .max, speed: .exact, injecting: injection)
    let fast = Reading(body, chunk: chunk, speed: .fast, injecting: injection)
    precondition(fast == exact, "the two readers disagree")

    // Numbers: what has Prometheus's spelling is a number, and printing it is repeatable.
    if NumberSpelling.isValue(body, in: body.indices) {
        guard let value = NumberScan.value(of: body) else { preconditionFailure("no number") }
        let printed = GoFloat.text(value)
        let again = NumberScan.value(of: Array(printed.utf8))
        precondition(again?.bitPattern == value.bitPattern, printed)
    }
    _ = NumberScan.time(of: body)
    let text = String(decoding: body, as: UTF8.self)
    _ = try? RequestTime.parse(text)
    _ = try? RequestDuration.parse(text)
    _ = try? RequestLimit.parse(text)
    return 0
}
