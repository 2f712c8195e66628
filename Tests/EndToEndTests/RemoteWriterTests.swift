import Foundation
import GoText
import PromQLScripts
import RealServers
import Testing

/// The tests of native histograms stand on this: what is written is what a real Prometheus says
/// that it holds.
@Suite("Writing into a real Prometheus")
struct RemoteWriterTests {
    private static let start: Timestamp = 1_700_000_000_000

    @Test("Histograms, floats among them, gaps, resets and staleness arrive as written")
    func arrives() async throws {
        let answers = try await offPool { () -> [String: String] in
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-writer-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let server = try PrometheusServer(
                name: "written", directory: directory, options: RemoteWriter.options)
            defer { server.process.stop() }
            try RemoteWriter(server.address).write(
                SeriesNotation.series(
                    """
                    whole {{schema:3 sum:5 count:12 z_bucket:2 z_bucket_w:0.01 buckets:[1 2 3] n_buckets:[4]}}x3
                    parts {{schema:1 sum:0.5 count:0.75 buckets:[0.25 0.5]}}x3
                    mixed 1 {{schema:0 sum:1 count:1 buckets:[1]}} 3 {{schema:0 sum:2 count:2 buckets:[2]}}
                    ended {{schema:0 sum:1 count:1 buckets:[1]}} stale
                    reset {{schema:0 sum:9 count:9 buckets:[9]}} _ {{schema:0 sum:1 count:1 buckets:[1]}}
                    """, from: Self.start))
            var answers: [String: String] = [:]
            for query in [
                "whole", "parts", "mixed", "ended", "ended offset 30s", "reset",
                "reset offset 60s", "count_over_time(mixed[5m])",
            ] {
                let question = QueryCase(query: query, times: .instant(Self.start + 90_000))
                answers[query] = try server.address.post(question.path, question.parameters).text
            }
            return answers
        }
        #expect(answers["ended"]?.contains(#""result":[]"#) == true)
        #expect(answers["reset"]?.contains(#""sum":"1""#) == true)
        #expect(answers["reset offset 60s"]?.contains(#""sum":"9""#) == true)
        #expect(answers["count_over_time(mixed[5m])"]?.contains(#""4""#) == true)
        #expect(answers["mixed"]?.contains(#""sum":"2""#) == true)
        #expect(
            answers["parts"]?.contains(
                #"[[0,"0.7071067811865475","1","0.25"],[0,"1","1.414213562373095","0.5"]]"#) == true
        )
        #expect(
            answers["whole"]?.contains(
                #"[[1,"-1","-0.9170040432046711","4"],[3,"-0.01","0.01","2"],"#) == true)
    }
}
