import GatewayConfiguration
import GoText
import Testing

@Suite struct DurationSyntaxTests {
    @Test(
        arguments: [
            ("15s", 15_000), ("1h30m", 5_400_000), ("500ms", 500), ("1d", 86_400_000),
            ("1w", 604_800_000), ("1y", 31_536_000_000), ("0", 0), ("1m1s", 61_000),
        ] as [(String, Milliseconds)])
    func durationsAreReadAsPrometheusReadsThem(text: String, length: Milliseconds) {
        #expect((try? DurationText.length(text)) == length)
    }

    @Test(arguments: [
        "", "15", "s", "1.5h", "1s1m", "1m1m", "-1s", "1 s", "1S", "99999999999999999999s",
        "9999999999y",
    ])
    func otherTextsAreNotDurations(text: String) {
        #expect((try? DurationText.length(text)) == nil)
    }

    @Test(
        arguments: [
            (300_000, "5m"), (90_000, "1m30s"), (0, "0s"), (1, "1ms"), (86_400_000, "1d"),
            (604_800_000, "1w"), (691_200_000, "8d"), (15_000, "15s"),
        ] as [(Milliseconds, String)])
    func durationsPrintAsPrometheusPrintsThem(length: Milliseconds, text: String) {
        #expect(DurationText.text(length) == text)
    }
}
