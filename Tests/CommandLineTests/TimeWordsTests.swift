import CommandLineOutput
import GoText
import Testing

@Suite struct TimeWordsTests {
    /// 2026-11-26T15:04:05.5Z
    private static let now: Timestamp = 1_795_705_445_500

    @Test(arguments: [
        ("now", "2026-11-26T15:04:05.5Z"), ("-5m", "2026-11-26T14:59:05.5Z"),
        ("1h", "2026-11-26T14:04:05.5Z"), ("1h ago", "2026-11-26T14:04:05.5Z"),
        ("now-1d", "2026-11-25T15:04:05.5Z"), ("now+90s", "2026-11-26T15:05:35.5Z"),
        ("+1h30m", "2026-11-26T16:34:05.5Z"), ("today", "2026-11-26T00:00:00Z"),
        ("yesterday", "2026-11-25T00:00:00Z"), ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20 15:04", "2026-11-20T15:04:00Z"), ("2026-11-20T15:04", "2026-11-20T15:04:00Z"),
        ("2026-11-20 15:04:07", "2026-11-20T15:04:07Z"),
        ("2026-11-20T15:04:07+02:00", "2026-11-20T13:04:07Z"),
        ("1700000000.25", "2023-11-14T22:13:20.25Z"), ("0", "1970-01-01T00:00:00Z"),
    ])
    func `Times are absolute or count from now`(text: String, time: String) throws {
        #expect(RFC3339.text(try TimeWords.time(text, now: Self.now)) == time)
    }

    @Test(arguments: [
        "", "tomorrow", "5 m", "2026-13-01", "now5m", "now-", "-", "2026-11-26 25:00",
    ])
    func `What is no time is refused with examples`(text: String) {
        let problem = #expect(throws: TimeWords.Problem.self) {
            try TimeWords.time(text, now: Self.now)
        }
        #expect(problem?.description.contains("write now, -5m, 1h") == true)
    }

    @Test func `Lengths beyond the end of time stop there`() throws {
        let far = try TimeWords.time("292y", now: Timestamp(milliseconds: .min + 5))
        #expect(far == .min)
    }

    @Test(
        arguments: [
            (3_600_000, 250, 15_000), (60_000, 250, 1_000), (0, 250, 1_000),
            (86_400_000, 250, 600_000), (30 * 86_400_000, 250, 10_800_000),
        ] as [(Int64, Int, Int64)])
    func `The step of a range is round, and gives no more points than wanted`(
        length: Int64, points: Int, step: Int64
    ) {
        let chosen = TimeWords.step(over: Milliseconds(length), points: points)
        #expect(chosen == Milliseconds(step))
        #expect(length / chosen.count < Int64(points))
    }
}
