import GoText
import PromQL
import TimeSeries

@testable import PyroscopeWire

// What members and clients send for profiles: messages in both codecs, errors, flame graphs,
// selectors, times. Nothing crashes; what was read is written and read again as it is; a flame graph
// is a tree that gives the same one again, and cutting loses nothing of its total.
//
// The first byte chooses the reader; the rest is the body.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let codec: ConnectCodec = start[0] & 1 == 0 ? .protobuf : .json
    switch start[0] >> 1 % 10 {
    case 0, 1: flameGraph(bytes, codec)
    case 2: message(SelectMergeStacktracesRequest.self, bytes, codec)
    case 3: message(SelectMergeSpanProfileRequest.self, bytes, codec)
    case 4: message(SelectSeriesRequest.self, bytes, codec)
    case 5: series(bytes, codec)
    case 6:
        message(SeriesRequest.self, bytes, codec)
        message(SeriesResponse.self, bytes, codec)
        message(ProfileTypesResponse.self, bytes, codec)
        message(GetProfileStatsResponse.self, bytes, codec)
    case 7: message(LabelValuesRequest.self, bytes, codec)
    case 8: selector(String(decoding: bytes, as: UTF8.self))
    default:
        let error = ConnectError(status: 503, body: bytes)
        precondition(ConnectError(status: error.status, body: error.body) == error)
        render(String(decoding: bytes, as: UTF8.self))
    }
    return 0
}

@discardableResult
private func message<Message: ConnectMessage>(
    _: Message.Type, _ bytes: [UInt8], _ codec: ConnectCodec
) -> Message? {
    guard let read = try? Message(bytes, codec: codec) else { return nil }
    let written = read.bytes(.protobuf)
    for codec in ConnectCodec.allCases {
        // Compared as bytes: a number that is none is not equal to itself.
        guard let again = try? Message(read.bytes(codec), codec: codec) else {
            fatalError("what is written is not read: \(read)")
        }
        precondition(again.bytes(.protobuf) == written)
    }
    return read
}

private func flameGraph(_ bytes: [UInt8], _ codec: ConnectCodec) {
    guard let read = message(SelectMergeStacktracesResponse.self, bytes, codec),
        let graph = read.flamegraph, let tree = try? FlameTree(graph, maximumNodes: 1 << 12)
    else { return }
    let written = tree.flameGraph
    guard let again = try? FlameTree(written) else { fatalError("no flame graph was written") }
    precondition(again.flameGraph == written)
    let cut = tree.cut(to: 3)
    precondition(cut.total == tree.total && cut.flameGraph.levels[0].values[1] == tree.total)
    var doubled = tree
    guard (try? doubled.merge(tree)) != nil else { return }
    precondition(doubled.count == tree.count)
}

private func series(_ bytes: [UInt8], _ codec: ConnectCodec) {
    guard let read = message(SelectSeriesResponse.self, bytes, codec) else { return }
    var request = SelectSeriesRequest()
    request.labelSelector = "{}"
    request.step = 15
    request.groupBy = ["project", "a"]
    request.limit = 2
    let labels = ["m", "n"].map { LabelInjection(name: "project", value: $0) }
    guard let plan = try? ProfileSeriesPlan(request, members: labels) else {
        fatalError("a right request is refused")
    }
    let merged = try? plan.merging([
        MemberAnswer(member: "m", labels: labels[0], answer: read),
        MemberAnswer(member: "n", labels: labels[1], answer: read),
    ])
    precondition(merged.map { $0.series.count <= 2 } ?? true)
}

private func selector(_ text: String) {
    guard let selector = try? ProfileSelector(text) else { return }
    guard let again = try? ProfileSelector(selector.text) else {
        fatalError("what is written is no selector: \(selector.text)")
    }
    precondition(again == selector)
    _ = selector.selector(toMember: LabelInjection(name: "project", value: "m"))
}

private func render(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let request = try? RenderRequest(now: 1_700_000_000_000) { name in
        ["query", "from", "until", "maxNodes", "groupBy"].firstIndex(of: name)
            .flatMap { $0 < lines.count ? [lines[$0]] : nil } ?? []
    }
    guard let request else { return }
    let document = Flamebearer(
        FlameTree().flameGraph, series: SelectSeriesResponse(), request: request)
    precondition(!document.bytes.isEmpty)
}
