import TelemetryDoubles
import Testing

@Suite struct LogLoadTests {
    /// Times and lines of what a member has.
    private static func lines(
        of member: Int, among members: Int
    ) -> [(time: Int64, text: String)] {
        let target =
            "/loki/api/v1/query_range?query=%7Bnamespace%3D%22shop%22%7D&limit=1000"
            + "&start=\(LogLoad.start)&end=\(LogLoad.start + LogLoad.length)"
        let store = LogLoad.store(lines: 600, of: member, among: members)
        let answer = JSONNode(LokiDouble(store).answer(DoubleRequest(target: target)).body)
        let streams = answer?["data"]?["result"]?.elements ?? []
        return streams.flatMap { $0["values"]?.elements ?? [] }.map { value in
            (value.elements[0].integer ?? 0, value.elements[1].text ?? "")
        }
    }

    @Test func `members have the lines of an hour by turns`() {
        let places = (0..<3).map { member in
            Self.lines(of: member, among: 3).map { ($0.time - LogLoad.start) / 6_000_000_000 }
        }
        for (member, places) in places.enumerated() {
            #expect(places.count == 200)
            #expect(places.allSatisfy { $0 % 3 == member })
        }
        #expect(Set(places.joined()) == Set(0..<600))
    }

    @Test func `lines have some 120 bytes`() {
        let lengths = Self.lines(of: 0, among: 1).map(\.text.utf8.count)
        #expect((110...135).contains(lengths.reduce(0, +) / lengths.count))
    }
}
