import Foundation
import Testing

/// Native histograms as they come through the members' JSON: rebuilt from their boundaries, merged
/// and printed. The members and their union are embedded ones, because no text format carries
/// native histograms into a Prometheus of 2.x.
@Suite("Native histograms over HTTP", .serialized)
struct NativeHistogramTests {
    private static let start: Int64 = 1_700_000_000_000
    /// `TRIBUTARY_E2E_QUERIES` widens this campaign too.
    private static let generatedCount =
        (ProcessInfo.processInfo.environment["TRIBUTARY_E2E_QUERIES"].flatMap { Int($0) } ?? 3000)
        / 20

    @Test("The federated answer is the union's, instant and range")
    func equalsUnion() async throws {
        let differences = try await offPool { () -> [String] in
            let scene = try HistogramScene(start: Self.start)
            defer { scene.stop() }
            let times: [QueryCase.Times] = [
                .instant(Self.start + 20 * 30_000), .instant(Self.start + 95_500),
                .range(start: Self.start, end: Self.start + 1_300_000, step: 60_000),
                .range(start: Self.start + 7_000, end: Self.start + 900_000, step: 45_000),
            ]
            let cases =
                HistogramQueries.written.flatMap { query in
                    times.map { QueryCase(query: query, times: $0) }
                }
                + HistogramQueries.generated(Self.generatedCount, seed: Scene.seed)
                .enumerated().map {
                    QueryCase(query: $1, times: times[$0 % times.count])
                }
            var answered = 0
            var differences: [String] = []
            for question in cases {
                let (ours, theirs) = try scene.ask(question)
                if theirs.status == 200 { answered += 1 }
                if let what = HistogramComparison.difference(try ours.json(), try theirs.json()) {
                    differences.append(
                        "\(what)\n    \(question)\n    gateway: \(ours.text.prefix(900))"
                            + "\n    union:   \(theirs.text.prefix(900))")
                }
            }
            #expect(answered >= HistogramQueries.written.count * times.count)
            return differences
        }
        for difference in differences { Issue.record("\(difference)") }
    }

    @Test("A sum that unprinted bounds would decide is an error that says so")
    func refusesDoubtfulSums() async throws {
        let (status, body, union) = try await offPool { () -> (Int, String, Int) in
            let scene = try HistogramScene(start: Self.start)
            defer { scene.stop() }
            let question = QueryCase(
                query: "sum(doubtful)", times: .instant(Self.start + 20 * 30_000))
            let (ours, theirs) = try scene.ask(question)
            return (ours.status, ours.text, theirs.status)
        }
        #expect(status == 422)
        #expect(body.contains("different custom buckets"))
        #expect(union == 200)
    }
}
