import TelemetryDoubles
import Testing

@Suite struct GeneratedLogsTests {
    private static func ask(_ store: LogStore, _ query: String) -> JSONNode? {
        let window =
            "start=\(GeneratedLogs.start)&end=\(GeneratedLogs.start + GeneratedLogs.length)"
        let escaped = query.utf8.map { byte in
            "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        let target = "/loki/api/v1/query_range?query=\(escaped)&\(window)&step=60&limit=5000"
        return JSONNode(LokiDouble(store).answer(DoubleRequest(target: target)).body)
    }

    private static func lines(_ answer: JSONNode?) -> [String] {
        (answer?["data"]?["result"]?.elements ?? []).flatMap { stream in
            (stream["values"]?.elements ?? []).map { String(decoding: $0.bytes, as: UTF8.self) }
        }
    }

    @Test(arguments: UInt64(1)...5)
    func `the union holds the lines of all members`(_ seed: UInt64) throws {
        let logs = GeneratedLogs(seed: seed, members: ["prod-a", "prod-b", "prod-c"])
        let everything = #"{service_name=~".+"}"#
        let members = logs.members.values.flatMap { Self.lines(Self.ask($0, everything)) }
        #expect(Self.lines(Self.ask(logs.union, everything)).sorted() == members.sorted())
        for (name, store) in logs.members {
            let own = Self.lines(Self.ask(logs.union, #"{project="\#(name)"}"#))
            #expect(own.sorted() == Self.lines(Self.ask(store, everything)).sorted())
        }
    }

    @Test func `the same seed gives the same lines, another one others`() {
        let query = #"sum by (project) (count_over_time({service_name=~".+"}[1m]))"#
        let first = Self.ask(GeneratedLogs(seed: 7, members: ["a", "b"]).union, query)
        #expect(first == Self.ask(GeneratedLogs(seed: 7, members: ["a", "b"]).union, query))
        #expect(first != Self.ask(GeneratedLogs(seed: 8, members: ["a", "b"]).union, query))
    }

    @Test func `lines share nanoseconds, within a stream and between members`() {
        let logs = GeneratedLogs(seed: 3, members: ["a", "b"])
        var times: [String: Int] = [:]
        for line in Self.lines(Self.ask(logs.union, #"{service_name=~".+"}"#)) {
            times[String(line.prefix(22)), default: 0] += 1
        }
        #expect(times.values.contains { $0 > 1 })
    }
}
