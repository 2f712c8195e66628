import TelemetryDoubles
import TestSupport
import Testing

@Suite struct LokiGrammarTests {
    private static func answer(_ query: String, from store: LogStore) -> DoubleAnswer {
        let escaped = query.utf8.map { byte in
            "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        let window =
            "start=\(GeneratedLogs.start)&end=\(GeneratedLogs.start + GeneratedLogs.length)"
        let target = "/loki/api/v1/query_range?query=\(escaped)&\(window)&step=60&limit=5000"
        return LokiDouble(store).answer(DoubleRequest(target: target))
    }

    @Test(arguments: UInt64(0)..<4)
    func `the double takes every query that the generator writes`(_ seed: UInt64) {
        var generator = LogQueryGenerator(
            seed: seed, members: ["prod-a", "prod-b", "prod-c"], isPlain: true)
        for round in 0..<500 {
            let query = round % 3 == 0 ? generator.lines() : generator.numbers(round % 4)
            let answer = Self.answer(query, from: LogStore())
            #expect(
                answer.status == 200,
                "\(query)\n\(String(decoding: answer.body.prefix(300), as: UTF8.self))")
        }
    }

    @Test(arguments: [
        (#"a="1" b="1""#, #"a="1" and b="1""#),
        (#"a="1" (b="1" c="1")"#, #"a="1" and b="1" and c="1""#),
        (#"n > 1 b="1""#, #"n > 1 and b="1""#),
        (#"a="1", b="1" or c="1""#, #"a="1" and (b="1" or c="1")"#),
        (#"a="1" b="1" or c="1""#, #"a="1" and (b="1" or c="1")"#),
        (#"a="1" or b="1" c="1""#, #"a="1" or (b="1" and c="1")"#),
        (#"a="1" and b="1", c="1" or n > 1"#, #"a="1" and b="1" and (c="1" or n > 1)"#),
        (#"a="1" or b="1" and c="1""#, #"a="1" or (b="1" and c="1")"#),
        (#"a="1" and b="1" or c="1""#, #"(a="1" and b="1") or c="1""#),
        (#"n > -1"#, #"n == 5"#),
    ])
    func `conditions on labels are joined as Loki joins them`(_ filter: String, _ same: String) {
        var store = LogStore()
        // A line for each way to fulfil the conditions.
        for bits in 0..<16 {
            let labels = ["app": "x", "a": "\(bits & 1)", "b": "\(bits >> 1 & 1)"]
            let line = "\(bits)"
            store.push(
                labels: labels,
                entries: [
                    LogEntry(
                        time: GeneratedLogs.start + Int64(bits), line: line,
                        metadata: ["c": "\(bits >> 2 & 1)", "n": bits >> 3 == 1 ? "5" : "-5"])
                ])
        }
        let found = Self.answer(#"{app="x"} | "# + filter, from: store)
        #expect(found.status == 200, "\(String(decoding: found.body, as: UTF8.self))")
        #expect(found.body == Self.answer(#"{app="x"} | "# + same, from: store).body)
        #expect(found.body != Self.answer(#"{app="x"}"#, from: store).body)
    }

    @Test(arguments: [("1 or vector(2)", "left", "or"), ("vector(2) unless 1", "right", "unless")])
    func `a number is no operand of a set operator`(
        _ query: String, _ side: String, _ operation: String
    ) {
        let answer = Self.answer(query, from: LogStore())
        #expect(answer.status == 400)
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == "parse error : unexpected literal for \(side) leg of logical/set binary "
                + "operation (\(operation)): 1.000000")
    }
}
