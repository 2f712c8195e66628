import Testing
import TimeSeries

@testable import PrometheusAPI

/// Label names around the partition label, where adding it changes the order.
private let names = ["A", "_", "a", "job", "projec", "projecs", "project_x", "projecta", "z"]

private func element(_ labels: LabelSet) -> String {
    var bytes: [UInt8] = []
    ResultWriter.appendMetric(labels, to: &bytes)
    return String(decoding: bytes, as: UTF8.self) + ",\"values\":[[1,\"1\"]]}"
}

@Suite struct SeriesMergeTests {
    /// The merge of sorted members is the sorted union, for any label sets and any page size.
    @Test(arguments: 0..<60)
    func equalsSortingEverything(seed: Int) async throws {
        var random = SystemRandomNumberGenerator()
        var expected: [(LabelSet, String)] = []
        var sources: [SeriesMerge.Source] = []
        for member in ["m", "a", "zz"] {
            var sets: Set<LabelSet> = []
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                let chosen = names.filter { _ in Bool.random(using: &random) }
                sets.insert(
                    LabelSet(
                        chosen.map {
                            (name: $0, value: ["1", "2", "3"].randomElement(using: &random) ?? "1")
                        }))
            }
            let elements = sets.sorted().map(element).joined(separator: ",")
            let body =
                "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(elements)]}}"
            var limits = ResponseScanner.Limits()
            limits.page = Int.random(in: 1...400, using: &random)
            var scanner = ResponseScanner(
                injecting: LabelInjection(name: "project", value: member), limits: limits)
            try scanner.append(body.utf8)
            _ = try scanner.finish()
            let pages = Pages(scanner.takePages())
            sources.append { await pages.next() }
            for set in sets {
                let labels = set.setting("project", to: member)
                expected.append((labels, element(labels)))
            }
        }
        expected.sort { $0.0 < $1.0 }
        var merge = SeriesMerge(sources, partition: "project")
        var out: [UInt8] = []
        while let element = try await merge.next() {
            element.append(to: &out)
            out.append(UInt8(ascii: ","))
        }
        let text = String(decoding: out, as: UTF8.self)
        #expect(text == expected.map { $0.1 + "," }.joined(), "seed \(seed)")
        #expect(merge.disorder == 0)
    }
}

private actor Pages {
    private var pages: [SeriesPage]
    init(_ pages: [SeriesPage]) { self.pages = pages }
    func next() -> SeriesPage? { pages.isEmpty ? nil : pages.removeFirst() }
}
