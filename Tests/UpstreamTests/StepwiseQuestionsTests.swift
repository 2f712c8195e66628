import GoText
import ScriptedServers
import Testing
import TimeSeries
import UpstreamSettings

@testable import Upstream

@Suite struct StepwiseQuestionsTests {
    private static func grid(_ start: Timestamp, _ step: Milliseconds, count: Int64) -> StepGrid {
        StepGrid(start: start, end: start + step * (count - 1), step: step)
    }

    @Test func `Few steps are asked one by one, more in finer steps`() {
        #expect(StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 64)) == .instants)
        #expect(
            StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 65))
                == .finer(StepGrid(start: 103_000, end: 1_063_000, step: 1000)))
        #expect(
            StepwiseQuestions(for: Self.grid(110_000, 15_000, count: 2000))
                == .finer(StepGrid(start: 110_000, end: 30_095_000, step: 5000)))
        #expect(
            StepwiseQuestions(for: Self.grid(-4_000, 6_000, count: 100))
                == .finer(StepGrid(start: -4_000, end: 590_000, step: 2000)))
    }

    @Test func `A range that would take too many steps cannot be asked`() {
        #expect(StepwiseQuestions(for: Self.grid(103_001, 15_000, count: 65)) == nil)
        #expect(StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 735)) == nil)
        #expect(StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 734)) != nil)
    }

    @Test(
        "A long range has as many parts as half of the member's processors, at most four",
        arguments: [
            (#"{"GOMAXPROCS":16,"goroutineCount":40}"#, 4), (#"{"a":{},"GOMAXPROCS":4}"#, 2),
            (#"{"GOMAXPROCS":3}"#, 1), ("{}", 1), (#"{"GOMAXPROCS":"8"}"#, 1), ("[]", 1),
        ])
    func partsByProcessors(data: String, parts: Int) async throws {
        try await withClient { request, connection in
            connection.answer(#"{"status":"success","data":\#(data)}"#)
        } _: { client, server in
            // It is asked beside the query that wants to know.
            #expect(client.rangeParts == 1)
            #expect(await server.received(1))
            #expect(server.requests[0].path.hasSuffix("/api/v1/status/runtimeinfo"))
            for _ in 0..<2000 where client.rangeParts != parts {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(client.rangeParts == parts)
            #expect(server.requests.count == 1)
        }
    }

    @Test("A member that gave no answer is asked again, and one that refused is not")
    func processorsOfAMemberThatWasAway() async throws {
        for (status, times) in [("503 Service Unavailable", 2), ("404 Not Found", 1)] {
            let asked = Counter()
            try await withClient { _, connection in
                asked.add(1)
                return asked.value == 1
                    ? connection.answer("no", status: status, type: "text/plain")
                    : connection.answer(#"{"status":"success","data":{"GOMAXPROCS":16}}"#)
            } _: { client, server in
                #expect(client.rangeParts == 1)
                #expect(await server.received(1))
                for _ in 0..<100 where client.rangeParts == 1 {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(client.rangeParts == (times == 2 ? 4 : 1))
                #expect(asked.value == times)
            }
        }
    }

    @Test func `The parts that are set are not found out`() async throws {
        try await withClient { _, connection in
            connection.answer(#"{"status":"success","data":{"GOMAXPROCS":16}}"#)
        } source: {
            $0.rangeParts = 7
        } _: { client, server in
            #expect(client.rangeParts == 7)
            #expect(server.requests.isEmpty)
        }
    }
}
