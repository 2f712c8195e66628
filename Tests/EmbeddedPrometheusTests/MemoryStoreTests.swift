import EmbeddedPrometheus
import GoText
import PromQL
import Testing
import TimeSeries

@Suite("Memory store")
struct MemoryStoreTests {
    private func store() -> MemoryStore {
        MemoryStore([
            SampleSeries(
                labels: LabelSet(["__name__": "up", "job": "web", "instance": "b"]),
                times: [1000, 2000, 3000], values: [1, 0, 1]),
            SampleSeries(
                labels: LabelSet(["__name__": "up", "job": "web", "instance": "a"]),
                times: [1000, 2000], values: [1, 1]),
            SampleSeries(
                labels: LabelSet(["__name__": "up", "job": "db"]), times: [9000], values: [5]),
            SampleSeries(
                labels: LabelSet(["__name__": "load"]), times: [2000], values: [0.5]),
        ])
    }

    @Test(
        "Matchers choose series, absent labels being empty",
        arguments: [
            ([LabelMatcher("__name__", .equal, "up")], ["web", "web", "db"]),
            ([LabelMatcher("__name__", .equal, "none")], []),
            ([LabelMatcher("job", .equal, "web")], ["web", "web"]),
            ([LabelMatcher("job", .notEqual, "web")], ["", "db"]),
            ([LabelMatcher("job", .equal, "")], [""]),
            ([LabelMatcher("job", .notEqual, "")], ["web", "web", "db"]),
            (
                [LabelMatcher("instance", .equal, ""), LabelMatcher("__name__", .equal, "up")],
                ["db"]
            ),
            ([], ["", "web", "web", "db"]),
        ])
    func matchers(_ matchers: [LabelMatcher], _ jobs: [String]) throws {
        let found = try store().series(matching: matchers, from: 0, through: 10_000)
        #expect(found.map { $0.labels["job"] ?? "" } == jobs)
    }

    @Test(
        "Regular expressions match whole values",
        arguments: [
            (LabelMatcher("job", .regexMatch, "we."), 2),
            (LabelMatcher("job", .regexMatch, "w"), 0),
            (LabelMatcher("job", .regexMatch, "w.*|db"), 3),
            (LabelMatcher("job", .regexMatch, ".*"), 4),
            (LabelMatcher("job", .regexMatch, ".+"), 3),
            (LabelMatcher("job", .regexNoMatch, "web"), 2),
            (LabelMatcher("job", .regexNoMatch, ".*"), 0),
        ])
    func expressions(_ matcher: LabelMatcher, _ count: Int) throws {
        let found = try store().series(matching: [matcher], from: 0, through: 10_000)
        #expect(found.count == count)
    }

    @Test("Series come in label order and only with samples of the interval, both ends included")
    func interval() throws {
        let found = try store().series(
            matching: [LabelMatcher("__name__", .equal, "up")], from: 2000, through: 3000)
        #expect(found.map { $0.labels["instance"] } == ["a", "b"])
        #expect(found.map(\.times) == [[2000], [2000, 3000]])
        #expect(found.map(\.values) == [[1], [0, 1]])
    }

    @Test("A snapshot does not see what is appended after it")
    func snapshots() throws {
        let store = store()
        let before = store.snapshot()
        let labels = LabelSet(["__name__": "load"])
        try store.append(labels, time: 4000, value: .float(0.7))
        try store.append(LabelSet(["__name__": "new"]), time: 1, value: .float(1))
        let load = [LabelMatcher("__name__", .equal, "load")]
        #expect(try before.series(matching: load, from: 0, through: 9000)[0].times == [2000])
        #expect(try store.series(matching: load, from: 0, through: 9000)[0].times == [2000, 4000])
        #expect(before.seriesCount == 4)
        #expect(store.snapshot().seriesCount == 5)
    }

    @Test("A sample that is not newer than the last one is refused")
    func outOfOrder() throws {
        let store = MemoryStore()
        let labels = LabelSet(["a": "b"])
        try store.append(labels, time: 5, value: .float(1))
        #expect(throws: AppendError.outOfOrder(time: 5, last: 5)) {
            try store.append(labels, time: 5, value: .float(2))
        }
        #expect(
            store.append(contentsOf: [
                (labels: labels, time: 4, value: .float(0)),
                (labels: labels, time: 6, value: .float(3)),
            ]) == 1)
        let found = try store.series(matching: [], from: 0, through: 10)
        #expect(found[0].times == [5, 6])
        #expect(found[0].values == [1, 3])
    }

    @Test("Inserted series are merged by time, the newer insert winning at equal times")
    func merging() throws {
        let store = MemoryStore()
        let labels = LabelSet(["a": "b"])
        store.insert([SampleSeries(labels: labels, times: [10, 20, 30], values: [1, 2, 3])])
        store.insert([SampleSeries(labels: labels, times: [5, 20, 40], values: [7, 8, 9])])
        let found = try store.series(matching: [], from: 0, through: 100)
        #expect(found[0].times == [5, 10, 20, 30, 40])
        #expect(found[0].values == [7, 1, 8, 3, 9])
    }

    @Test("Histograms and start times stay with their samples through runs and slices")
    func histograms() throws {
        let store = MemoryStore()
        let labels = LabelSet(["a": "b"])
        for count in 1...600 as ClosedRange<Int64> {
            let time = Timestamp(milliseconds: count)
            let value: SampleInput =
                count % 3 == 0
                ? .histogram(FloatHistogram(count: Double(count))) : .float(Double(count))
            try store.append(
                labels, time: time, value: value,
                startTime: count > 300 ? time - Milliseconds(1) : 0)
        }
        let found = try store.series(matching: [], from: 250, through: 520)[0]
        #expect(found.times == (250...520).map(Timestamp.init(milliseconds:)))
        for (index, time) in found.times.enumerated() {
            let count = time.milliseconds
            #expect(found.histograms[index]?.count == (count % 3 == 0 ? Double(count) : nil))
            #expect(found.startTimes[index].milliseconds == (count > 300 ? count - 1 : 0))
        }
    }

    @Test("Label names and values are those of the selected series, in byte order")
    func labels() throws {
        let snapshot = store().snapshot()
        let web = [LabelMatcher("job", .equal, "web")]
        let load = [LabelMatcher("__name__", .equal, "load")]
        #expect(
            try snapshot.labelNames(matchingAny: [], from: 0, through: 9999)
                == ["__name__", "instance", "job"])
        #expect(
            try snapshot.labelNames(matchingAny: [load], from: 0, through: 9999) == ["__name__"])
        #expect(
            try snapshot.labelNames(matchingAny: [load, web], from: 0, through: 9999).count == 3)
        #expect(
            try snapshot.labelValues(of: "job", matchingAny: [], from: 0, through: 3000) == ["web"])
        #expect(
            try snapshot.labelValues(of: "instance", matchingAny: [web], from: 0, through: 9999)
                == ["a", "b"])
        #expect(try snapshot.labelSets(matchingAny: [web, web], from: 0, through: 1).isEmpty)
        #expect(try snapshot.labelSets(matchingAny: [web, web], from: 0, through: 1000).count == 2)
    }

    @Test("Canonically equivalent values stay two values")
    func unicode() throws {
        let store = MemoryStore()
        try store.append(LabelSet(["a": "\u{e9}"]), time: 1, value: .float(1))
        try store.append(LabelSet(["a": "e\u{301}"]), time: 1, value: .float(2))
        let found = try store.series(
            matching: [LabelMatcher("a", .equal, "e\u{301}")], from: 0, through: 1)
        #expect(found.map(\.values) == [[2]])
    }

    @Test("Dropping old runs forgets series that are left empty")
    func dropping() throws {
        let store = store()
        store.drop(before: 5000)
        let found = try store.series(matching: [], from: 0, through: 10_000)
        #expect(found.map { $0.labels["job"] } == ["db"])
        #expect(store.snapshot().seriesCount == 1)
    }
}
