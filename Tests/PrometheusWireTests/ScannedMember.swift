import TestSupport
import TimeSeries

@testable import PrometheusWire

/// A member's answer, scanned with its partition label into pages of a random size.
struct ScannedMember {
    let source: SeriesMerge.Source
    /// The label sets with the partition label.
    let expected: [LabelSet]

    init(
        _ name: String, _ sets: [LabelSet], _ random: inout SeededRandom, page: Int? = nil,
        labels: [String: String] = [:]
    ) {
        let injection = PartitionLabel(labels: [name: labels]).labels(of: name)
        let elements = sets.map { String(decoding: Self.element($0), as: UTF8.self) }
        let head = #"{"status":"success","data":{"resultType":"matrix","result":["#
        var limits = ResponseScanner.Limits()
        limits.page = page ?? Int.random(in: 1...400, using: &random)
        var scanner = ResponseScanner(
            injecting: injection, limits: limits)
        var pages: [SeriesPage] = []
        do {
            try scanner.append((head + elements.joined(separator: ",") + "]}}").utf8)
            _ = try scanner.finish()
            pages = scanner.takePages()
        } catch {}
        let queue = Pages(pages)
        source = { await queue.next() }
        expected = sets.map(injection.injecting(into:))
    }

    /// Names around the partition label, where adding it changes the order.
    private static let names = [
        "A", "_", "a", "job", "projec", "projecs", "project_x", "projecta", "z",
    ]

    /// Different label sets, many of them prefixes of others.
    static func labelSets(_ random: inout SeededRandom, own: String? = nil) -> Set<LabelSet> {
        var sets: Set<LabelSet> = []
        for _ in 0..<Int.random(in: 0..<40, using: &random) {
            let names = Bool.random(using: &random) ? Self.names : Array(Self.names.prefix(5))
            var pairs: [(name: String, value: String)] = []
            for name in names where Bool.random(using: &random) {
                pairs.append((name, ["1", "2", "\u{1}x"].randomElement(using: &random) ?? "1"))
            }
            if let own, Bool.random(using: &random) { pairs.append((own, "own")) }
            sets.insert(LabelSet(pairs))
        }
        return sets
    }

    static func element(_ labels: LabelSet) -> [UInt8] {
        var bytes: [UInt8] = []
        ResultWriter.appendMetric(labels, to: &bytes)
        return bytes + Array(#","values":[[1,"1"]]}"#.utf8)
    }
}

private actor Pages {
    private var pages: ArraySlice<SeriesPage>
    init(_ pages: [SeriesPage]) { self.pages = pages[...] }
    func next() -> SeriesPage? { pages.popFirst() }
}
