import GoText
import Replay
import Testing

/// When requests are sent, and which times they ask for.
@Suite struct PaceTests {
    private static func get(
        _ path: String, _ parameters: [(String, String)], at time: Timestamp? = nil
    )
        -> RecordedRequest
    {
        RecordedRequest(
            method: .get, path: "/api/v1/\(path)",
            parameters: parameters.map { .init($0.0, $0.1) }, time: time)
    }

    private static let now: Timestamp = 1_700_000_600_000

    private static func moved(
        _ path: String, _ parameters: [(String, String)], by shift: Milliseconds,
        at time: Timestamp? = nil
    ) -> String {
        get(path, parameters, at: time).moved(by: shift, now: now).line
    }

    @Test("Times of an instant query and of lists are moved by the shift")
    func shifts() {
        #expect(
            Self.moved("query", [("query", "up"), ("time", "1700000000.5")], by: 3_600_000)
                == "/api/v1/query?query=up&time=1700003600.500")
        #expect(
            Self.moved("query", [("time", "2023-11-14T22:13:20Z"), ("query", "up")], by: -1000)
                == "/api/v1/query?time=1699999999&query=up")
        #expect(
            Self.moved("labels", [("start", "10"), ("end", "20.25")], by: 1500)
                == "/api/v1/labels?start=11.500&end=21.750")
        #expect(
            Self.moved("label/job/values", [("end", "20")], by: 1000)
                == "/api/v1/label/job/values?end=21")
        // No times of a query.
        #expect(
            Self.moved("status/tsdb", [("start", "10")], by: 1000) == "/api/v1/status/tsdb?start=10"
        )
    }

    @Test(
        "The steps of a range query stay aligned: it is moved by whole steps, not above the shift")
    func alignment() {
        func range(_ step: String, by shift: Milliseconds) -> String {
            Self.moved(
                "query_range",
                [("query", "x"), ("start", "1000.5"), ("end", "2000.75"), ("step", step)], by: shift
            )
        }
        func expected(_ start: String, _ end: String, _ step: String) -> String {
            "/api/v1/query_range?query=x&start=\(start)&end=\(end)&step=\(step)"
        }
        #expect(range("60", by: 150_000) == expected("1120.500", "2120.750", "60"))
        #expect(range("1m", by: 119_999) == expected("1060.500", "2060.750", "1m"))
        #expect(range("60", by: -1) == expected("940.500", "1940.750", "60"))
        #expect(range("0.5", by: 700) == expected("1001", "2001.250", "0.5"))
        // Less than a step.
        #expect(range("60", by: 59_999) == expected("1000.5", "2000.75", "60"))
        // A step that cannot be counted in milliseconds, or is none, aligns nothing.
        #expect(range("0.0001", by: 250) == expected("1000.750", "2001", "0.0001"))
        #expect(range("0", by: 250) == expected("1000.750", "2001", "0"))
    }

    @Test("What is no time, and the extremes of time, stay as they are")
    func untouched() {
        #expect(
            Self.moved("query", [("query", "up"), ("time", "soon")], by: 1000)
                == "/api/v1/query?query=up&time=soon")
        let extreme = "-292273086-05-16T16:47:06Z"
        #expect(
            Self.get("labels", [("start", extreme)]).moved(by: 1000, now: Self.now)["start"]
                == extreme)
        // Without a shift the text is the recorded one.
        #expect(
            Self.moved("query", [("query", "up"), ("time", "1.70e9")], by: 0)
                == "/api/v1/query?query=up&time=1.70e9")
    }

    @Test("An instant query without a time asks for the recorded one, else for now")
    func pinned() {
        #expect(
            Self.moved("query", [("query", "up")], by: 1000, at: 5000)
                == "/api/v1/query?query=up&time=6")
        #expect(
            Self.moved("query", [("query", "up"), ("time", "")], by: -1000)
                == "/api/v1/query?query=up&time=1700000599")
    }

    @Test("Shifted to now, a query asks for times as far back as it did when it was recorded")
    func shiftedToNow() {
        let selection = Selection(shift: .toNow)
        func sent(_ request: RecordedRequest) -> String {
            selection.sent(request, now: Self.now).line
        }
        #expect(
            sent(Self.get("query", [("query", "up"), ("time", "90")], at: 100_000))
                == "/api/v1/query?query=up&time=1700000590")
        // Without a recorded time its own newest counts.
        #expect(
            sent(Self.get("series", [("start", "10"), ("end", "20")]))
                == "/api/v1/series?start=1700000590&end=1700000600")
        #expect(
            sent(Self.get("query", [("query", "up")])) == "/api/v1/query?query=up&time=1700000600")
    }

    // MARK: Schedule

    private static func due(_ pace: Pace, _ times: [(Timestamp?, pass: Int)]) -> [Duration?] {
        var schedule = Schedule(pace)
        return times.map { schedule.due(get("query", [], at: $0.0), pass: $0.pass) }
    }

    @Test("At a rate requests are due at equal distances, whenever they were recorded")
    func rate() {
        #expect(
            Self.due(.rate(4), [(50_000, 0), (10_000, 0), (nil, 0), (nil, 1)])
                == [.zero, .milliseconds(250), .milliseconds(500), .milliseconds(750)])
    }

    @Test("At a speed they are due at the recorded times, never before the one ahead")
    func speed() {
        #expect(
            Self.due(.speed(2), [(10_000, 0), (14_000, 0), (13_000, 0), (20_000, 0)])
                == [.zero, .seconds(2), .seconds(2), .seconds(5)])
        // The recording begins anew where it ended.
        #expect(
            Self.due(.speed(1), [(10_000, 0), (13_000, 0), (10_000, 1), (13_000, 1), (10_000, 2)])
                == [.zero, .seconds(3), .seconds(3), .seconds(6), .seconds(6)])
    }

    @Test("Clients have no times at which requests are due")
    func clients() {
        #expect(Self.due(.clients(3), [(10_000, 0), (20_000, 0)]) == [nil, nil])
        #expect(!Pace.clients(3).isOpen && Pace.rate(1).isOpen && Pace.speed(1).isOpen)
    }
}
