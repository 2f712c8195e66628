import EmbeddedPrometheus
import GoText
import PromQL
import Testing
import TimeSeries

@Suite("Demonstration data")
struct DemoDataTests {
    @Test("Three members with names of their own and different data")
    func members() {
        let members = DemoMember.all
        #expect(Set(members.map(\.name)).count == 3)
        let sizes = members.map { DemoData(member: $0).samples(at: 1_700_000_000_000).count }
        #expect(Set(sizes).count == 3)
    }

    @Test("Counters only fall when their process restarts", arguments: DemoMember.all)
    func counters(_ member: DemoMember) throws {
        let store = MemoryStore()
        let start: Timestamp = 1_700_000_000_000
        DemoData(member: member).fill(store, from: start, through: start + 1_800_000)
        let counters = try store.series(
            matching: [LabelMatcher("__name__", .regexMatch, ".*(_total|_bucket|_count|_sum)")],
            from: 0, through: .max)
        #expect(counters.count > 50)
        for counter in counters {
            #expect(counter.times.count == 361)
            let falls = zip(counter.values, counter.values.dropFirst()).filter { $0 > $1 }
            #expect(falls.count <= 2, "\(counter.labels.pairs)")
        }
    }

    @Test("Buckets never count less than the bucket below them", arguments: DemoMember.all)
    func buckets(_ member: DemoMember) throws {
        let samples = DemoData(member: member).samples(at: 1_700_000_123_000)
        var byHistogram: [LabelSet: [(bound: Double, count: Double)]] = [:]
        for sample in samples {
            guard sample.labels.metricName.hasSuffix("_bucket"),
                let bound = sample.labels["le"].flatMap(Double.init),
                case .float(let count) = sample.value
            else { continue }
            byHistogram[sample.labels.removing(LabelNames(["le"])), default: []]
                .append((bound, count))
        }
        #expect(byHistogram.count >= 6)
        for buckets in byHistogram.values {
            let counts = buckets.sorted { $0.bound < $1.bound }.map(\.count)
            #expect(counts == counts.sorted())
            #expect(counts.count == 10)
        }
    }

    @Test("The same time always gives the same values, on the grid of the interval")
    func repeatable() throws {
        let data = DemoData(member: DemoMember.all[0], interval: 5000)
        let store = MemoryStore()
        data.fill(store, from: 1_700_000_001_000, through: 1_700_000_012_000)
        let found = try store.series(matching: [], from: 0, through: .max)
        #expect(found.allSatisfy { $0.times == [1_700_000_005_000, 1_700_000_010_000] })
        data.fill(store, from: 1_700_000_012_001, through: 1_700_000_015_000)
        #expect(try store.series(matching: [], from: 0, through: .max)[0].times.count == 3)
        #expect(store.snapshot().metadata["up"]?.first?.type == "gauge")
    }
}
