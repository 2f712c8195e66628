import TelemetryDoubles
import Testing

@Suite struct LokiWindowTests {
    @Test(arguments: [("16s", 200), ("60s", 400)])
    func `only lines that a window holds can fail a query`(_ window: String, _ status: Int) {
        var store = LogStore()
        let (start, second) = (GeneratedLogs.start, Int64(1_000_000_000))
        store.push(
            labels: ["app": "x"],
            entries: [
                LogEntry(time: start + 20 * second, line: "no JSON"),
                LogEntry(time: start + 50 * second, line: #"{"v":1}"#),
            ])
        let query = "count_over_time(%7Bapp%3D%22x%22%7D%7Cjson%5B\(window)%5D)"
        let answer = LokiDouble(store).answer(
            DoubleRequest(
                target: "/loki/api/v1/query_range?query=\(query)&step=60"
                    + "&start=\(start)&end=\(start + 60 * second)"))
        #expect(answer.status == status)
    }
}
