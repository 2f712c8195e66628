import GoText
import TimeSeries

@testable import PrometheusWire
@testable import TempoWire

// What members of a Tempo send, and the queries that users write. Nothing crashes; a trace that is
// merged is one that can be read again with the spans it had; a query that is sent on can be taken
// apart again.
//
// The first byte chooses the reader; the rest is the body or the query.

private let members = ["a", "b"].map { LabelInjection(name: "project", value: $0) }

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 6 {
    case 0: trace(bytes, .v1)
    case 1: trace(bytes, .v2)
    case 2: query(String(decoding: bytes, as: UTF8.self))
    case 3: search(bytes)
    case 4: metrics(bytes)
    default:
        tags(bytes)
        _ = try? SearchTags(String(decoding: bytes, as: UTF8.self))
    }
    return 0
}

private func trace(_ bytes: [UInt8], _ version: TraceVersion) {
    guard let answer = try? TraceAnswer(bytes, version: version) else { return }
    let answers = members.map { MemberAnswer(labels: $0, value: answer) }
    let merged = MergedTrace(answers, maximumBytes: 2000)
    guard let body = try? merged.body(version: .v1, protobuf: true),
        let again = try? TraceAnswer(body, version: .v1)
    else { preconditionFailure("a merged trace cannot be read") }
    precondition(body.count <= 2000)
    precondition(merged.isCut || again.spans.isEmpty == merged.isEmpty)
    if let whole = try? MergedTrace(Array(answers.prefix(1)), maximumBytes: 1 << 20)
        .body(version: .v1, protobuf: true)
    {
        precondition((try? TraceAnswer(whole, version: .v1))?.spans.count == answer.spans.count)
    }
    if let json = try? merged.body(version: .v2, protobuf: false) {
        precondition((try? JSONValue(parsing: json)) != nil)
    }
}

private func query(_ text: String) {
    let reader = ParameterReader { $0 == "q" ? text : nil }
    if let question = try? SearchQuestion(reader) {
        _ = question.note
        for member in members {
            guard let pairs = try? question.pairs(to: member), let first = pairs.first,
                first.name == "q"
            else { continue }
            precondition((try? TraceQLQuery(first.value)) != nil)
        }
    }
    if let question = try? TraceMetricsQuestion(
        reader, isRange: true, now: Timestamp(milliseconds: 1_800_000_000_000))
    {
        for member in members {
            guard let pairs = try? question.pairs(to: member), let first = pairs.first else {
                continue
            }
            precondition((try? TraceQLMetrics(first.value)) != nil)
        }
        _ = question.merged([])
    }
    _ = try? TagValuesQuestion(tag: text, ParameterReader { _ in nil }, version: .v2)
        .requests(to: members[0])
}

private func search(_ bytes: [UInt8]) {
    guard let answer = try? SearchAnswer(parsing: bytes),
        let question = try? SearchQuestion(ParameterReader { $0 == "q" ? "{}" : nil })
    else { return }
    // Services are written in order.
    precondition((try? SearchAnswer(parsing: answer.body))?.body == answer.body)
    let merged = question.merged(members.map { MemberAnswer(labels: $0, value: answer) })
    precondition((try? SearchAnswer(parsing: merged.body)) != nil)
}

private func metrics(_ bytes: [UInt8]) {
    guard let answer = try? TraceMetricsAnswer(parsing: bytes) else { return }
    precondition((try? TraceMetricsAnswer(parsing: answer.body)) != nil)
    for text in ["{} | rate() | topk(2)", "{} | min_over_time(duration) by (resource.project) > 1"]
    {
        guard
            let question = try? TraceMetricsQuestion(
                ParameterReader { $0 == "q" ? text : nil }, isRange: true,
                now: Timestamp(milliseconds: 1_800_000_000_000))
        else { continue }
        let merged = question.merged(members.map { MemberAnswer(labels: $0, value: answer) })
        precondition((try? TraceMetricsAnswer(parsing: merged.body)) != nil)
    }
}

private func tags(_ bytes: [UInt8]) {
    let nothing = ParameterReader { _ in nil }
    if let answer = try? TagsAnswer(parsing: bytes),
        let question = try? TagsQuestion(nothing, version: .v1)
    {
        _ = question.body(members.map { MemberAnswer(labels: $0, value: answer) })
    }
    if let answer = try? TagValuesAnswer(parsing: bytes),
        let question = try? TagValuesQuestion(tag: ".a", nothing, version: .v2)
    {
        _ = question.body(members.map { MemberAnswer(labels: $0, value: [answer]) })
    }
}
