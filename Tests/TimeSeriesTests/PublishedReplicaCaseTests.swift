import GoText
import Testing
import TimeSeries

/// Wrong answers that users of other gateways report about replicas, with the right ones.
@Suite struct PublishedReplicaCaseTests {
    private func series(_ name: String, _ samples: [(Int, Int)]) -> SampleSeries {
        SampleSeries(
            labels: LabelSet(["__name__": name]),
            times: samples.map { Timestamp(milliseconds: Int64($0.0) * 1000) },
            values: samples.map { Double($0.1) })
    }

    private func merged(_ name: String, _ parts: [[(Int, Int)]]) -> SampleSeries {
        ReplicaMerge(
            parts.map { ReplicaMerge.Part(series(name, $0), from: 0, through: 3_600_000) }
        ).series
    }

    @Test(
        "A change of replica is no reset, so that rate has no spike",
        arguments: ["thanos 1326", "thanos 2890", "thanos 7623"])
    func noSpike(issue: String) {
        // A counter that grows by one a second. The second replica reads it nine seconds late.
        let first = stride(from: 0, through: 600, by: 15).filter { $0 <= 150 || $0 >= 450 }
            .map { ($0, 1000 + $0) }
        let second = stride(from: 7, through: 607, by: 15).map { ($0, 1000 + $0 - 9) }
        let values = merged("x_total", [first, second]).values
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }, "\(issue): \(values)")
        #expect(values.first == 1000 && values.last == 1600, "\(issue)")
    }

    @Test(
        "Series of every interval have each sample once, where one gap for all counts some twice",
        arguments: [("promxy 118", 300, 60), ("promxy 734", 900, 400), ("promxy 734", 15, 7)])
    func noSampleTwice(issue: String, interval: Int, later: Int) {
        let first = stride(from: 0, through: 3600, by: interval).map { ($0, 1) }
        let second = stride(from: later, through: 3600, by: interval).map { ($0, 1) }
        let times = merged("x", [first, second]).times
        #expect(times.map { Int($0.milliseconds / 1000) } == first.map(\.0), "\(issue)")
    }
}
