import GoText
import PrometheusWire
import TimeSeries

@testable import LokiWire

// Answers of Loki and requests to it. Nothing crashes, it does not matter how an answer is split, and
// what is made of answers can be read as an answer.
//
// The first byte chooses the reader, the second the size of the pieces; the rest is the body.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let size = Int(start[1]) % 64 + 1
    switch start[0] % 4 {
    case 0: lines(bytes, size)
    case 1: samples(bytes, size)
    case 2: lists(bytes)
    default: parameters(bytes)
    }
    return 0
}

private let injections = ["a", "b"].map { LabelInjection(name: "project", value: $0) }

// MARK: Answers to queries

/// What a reader makes of an answer; nil where it refuses it.
private struct Reading {
    var pages: [LinePage] = []
    var series: [SampleSeries] = []
    var trailer: LokiAnswerReader.Trailer

    init?(_ body: [UInt8], _ size: Int, isBounded: Bool = true) {
        var limits = LokiAnswerReader.Limits()
        if isBounded { limits.labels = 16 }
        var reader = LokiAnswerReader(limits: limits)
        do throws(LokiAnswerError) {
            for at in stride(from: 0, to: body.count, by: size) {
                try reader.append(body[at..<min(at + size, body.count)])
                if let page = reader.takeLines() { pages.append(page) }
                series += reader.takeSeries()
            }
            trailer = try reader.finish()
        } catch {
            return nil
        }
        if let page = reader.takeLines() { pages.append(page) }
        series += reader.takeSeries()
    }

    var lines: [String] {
        pages.flatMap { page in
            page.entries.map { entry in
                let sets = page.labelSets(entry.labels)
                return "\(entry.stream) \(entry.time) \(Array(page.line(entry)))"
                    + sets.metadata.quotedText + sets.parsed.quotedText
            }
        }
    }
}

private func lines(_ bytes: [UInt8], _ size: Int) {
    let whole = Reading(bytes, max(1, bytes.count))
    let split = Reading(bytes, size)
    precondition(whole?.lines == split?.lines)
    precondition(whole?.trailer == split?.trailer)
    precondition(whole?.pages.flatMap(\.streams) == split?.pages.flatMap(\.streams))
    guard let whole, !whole.lines.isEmpty else { return }
    for isCategorized in [false, true] {
        var merge = LineMerge(
            members: injections,
            options: .init(
                direction: size % 2 == 0 ? .forward : .backward, limit: size,
                interval: .nanoseconds(size % 3), isCategorized: isCategorized,
                maximumBytes: 1 << 26))
        for member in injections.indices {
            for page in whole.pages { try? merge.add(page, of: member) }
        }
        var answer = LineAnswer(merge, statistics: whole.trailer.statistics)
        var out: [UInt8] = []
        while answer.append(to: &out, upTo: out.count + size) {}
        // Labels of lines are among those of the stream there, which so has more.
        guard let written = Reading(out, 1 << 20, isBounded: false) else {
            preconditionFailure("written badly")
        }
        precondition(written.lines.count == answer.count)
        precondition(written.trailer.isCategorized == isCategorized)
    }
    tail(whole.pages)
}

private func tail(_ pages: [LinePage]) {
    guard
        let parameters = try? TailParameters(
            ParameterReader { ["start": "1000000000000", "limit": "3"][$0] }, now: 0)
    else { return }
    var tail = TailMerge(
        members: injections, parameters: parameters,
        options: .init(isCategorized: true, linesOfQuestion: 2), now: LogTime(nanoseconds: .max))
    for round in 0..<4 {
        for member in injections.indices {
            guard tail.question(to: member, at: .max) != nil else { continue }
            if round == 2 { tail.fail(member) } else { tail.add(pages, of: member) }
        }
        while let frame = tail.frame() {
            precondition((try? JSONValue(parsing: frame)) != nil)
        }
    }
}

private func samples(_ bytes: [UInt8], _ size: Int) {
    let whole = Reading(bytes, max(1, bytes.count))
    let split = Reading(bytes, size)
    precondition(whole?.trailer == split?.trailer)
    precondition(whole?.series.map(\.labels) == split?.series.map(\.labels))
    precondition(whole?.series.map(\.times) == split?.series.map(\.times))
    let grid = StepGrid(start: 1_795_734_000_000, end: 1_795_735_200_000, step: 60_000)
    var reader = LokiAnswerReader(on: grid)
    guard (try? reader.append(bytes)) != nil, (try? reader.finish()) != nil else { return }
    let steps = reader.takeSteps()
    let written = LogMetricAnswer.matrix(steps, on: grid)
    var again = LokiAnswerReader(on: grid)
    guard (try? again.append(written)) != nil else { preconditionFailure("written badly") }
    precondition(again.takeSteps().map(\.labels) == steps.map(\.labels))
}

// MARK: Lists

private func lists(_ bytes: [UInt8]) {
    var names = LabelNamesMerge()
    var values = LabelValuesMerge()
    var series = SeriesListMerge()
    var statistics = IndexStatisticsMerge()
    var patterns = PatternsMerge()
    var labels = DetectedLabelsMerge()
    var fields = DetectedFieldsMerge(limit: 3)
    var found = DetectedValuesMerge(limit: 3)
    var volumes = VolumeMerge(.labels(named: nil))
    var totals = VolumeMerge(.names(addsLabels: true))
    for injection in injections {
        try? names.add(bytes, of: injection)
        try? values.add(bytes)
        try? values.add(value: "a", ifAnyIn: bytes)
        try? series.add(bytes, of: injection)
        try? statistics.add(bytes)
        try? patterns.add(bytes)
        try? labels.add(bytes, of: injection)
        try? fields.add(bytes, of: injection)
        try? found.add(bytes)
        try? volumes.add(bytes, of: injection)
        try? totals.add(bytes, of: injection)
    }
    for body in [
        names.body, values.body, series.body, statistics.body, patterns.body, labels.body,
        fields.body, found.body, volumes.body(limit: 2, isRange: true),
        totals.body(limit: 2, isRange: false),
    ] {
        precondition((try? JSONValue(parsing: body)) != nil)
    }
}

// MARK: Requests

private func parameters(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let pairs = text.split(separator: "&").map {
        $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    }
    let reader = ParameterReader { name in
        pairs.first { $0[0] == name && $0.count > 1 }?[1]
    }
    let now = LogTime(nanoseconds: 1_795_740_000_000_000_000)
    if let range = try? LogRangeParameters(reader, now: now) {
        precondition(range.grid.count >= 0)
        _ = range.memberMetricParameters(query: "q")
    }
    _ = try? LogInstantParameters(reader, now: now).grid
    _ = try? LogLabelsParameters(reader, now: now)
    _ = try? LogSeriesParameters(reader, selectors: [text], now: now)
    _ = try? LogSelectorParameters(reader, now: now)
    _ = try? VolumeParameters(reader, isRange: true, now: now)
        .memberParameters(query: "q", limit: 1, targetLabels: [])
    _ = try? PatternParameters(reader, now: now)
    _ = try? DetectedFieldParameters(reader, now: now)
    if let parameters = try? TailParameters(reader, now: now) {
        var tail = TailMerge(
            members: injections, parameters: parameters, options: .init(isCategorized: false),
            now: now)
        _ = tail.question(to: 0, at: now)
    }
}
