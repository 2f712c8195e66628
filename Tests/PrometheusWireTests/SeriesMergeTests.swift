import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct SeriesMergeTests {
    /// The merge of sorted members is the sorted union, for any label sets and any page size.
    @Test(arguments: UInt64(0)..<60)
    func equalsSortingEverything(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let members = ["m", "a", "zz"].map { name in
            ScannedMember(name, ScannedMember.labelSets(&random).sorted(), &random)
        }
        var merge = SeriesMerge(members.map(\.source), added: ["project"])
        let merged = try await all(of: &merge)
        #expect(merged == members.flatMap(\.expected).sorted())
        #expect(merge.disorder == 0)
        #expect(merge.unsorted.isEmpty)
    }

    /// So it is with static labels that sort anywhere, different ones at each member.
    @Test(arguments: UInt64(0)..<60)
    func equalsSortingEverythingWithStaticLabels(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let names = ["B", "b", "projecz", "project_y", "zz"]
        let members = ["m", "a", "zz"].map { name in
            var labels: [String: String] = [:]
            for label in names where random.oneIn(2) { labels[label] = "v" }
            return ScannedMember(
                name, ScannedMember.labelSets(&random).sorted(), &random, labels: labels)
        }
        var merge = SeriesMerge(members.map(\.source), added: names + ["project"])
        let merged = try await all(of: &merge)
        #expect(merged == members.flatMap(\.expected).sorted())
        #expect(merge.disorder == 0)
        #expect(merge.unsorted.isEmpty)
    }

    /// A member that does not sort, or whose own partition label is renamed, is collected when that
    /// is known before; the result is exact.
    @Test(arguments: UInt64(0)..<40)
    func sortsMembersThatAreKnownNotTo(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let members = [
            ScannedMember("a", ScannedMember.labelSets(&random).sorted(), &random),
            ScannedMember(
                "b", ScannedMember.labelSets(&random).shuffled(using: &random), &random),
            ScannedMember(
                "c", ScannedMember.labelSets(&random, own: "project").sorted(), &random),
        ]
        var merge = SeriesMerge(
            members.map(\.source), added: ["project"], unsorted: [1, 2])
        let merged = try await all(of: &merge)
        #expect(merged == members.flatMap(\.expected).sorted())
        #expect(merge.disorder == 0)
        #expect(merge.unsorted == [1, 2])
    }

    /// Without that knowledge nothing is lost, and what could not be put right is counted.
    @Test(arguments: UInt64(0)..<40)
    func countsWhatCameTooLate(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let members = [
            ScannedMember("a", ScannedMember.labelSets(&random).sorted(), &random),
            ScannedMember(
                "b", ScannedMember.labelSets(&random).shuffled(using: &random), &random),
        ]
        var merge = SeriesMerge(members.map(\.source), added: ["project"])
        let merged = try await all(of: &merge)
        let descents = zip(merged, merged.dropFirst()).filter { $1 < $0 }.count
        #expect(merged.sorted() == members.flatMap(\.expected).sorted())
        #expect(merge.disorder == descents)
        #expect(descents == 0 || merge.unsorted == [1])
    }

    /// The first page shows the disorder before anything is given out.
    @Test func sortsAMemberWhoseFirstPageShowsThatItDoesNot() async throws {
        var random = SeededRandom(seed: 1)
        let sets = (0..<9).map { LabelSet([(name: "a", value: "\(9 - $0)")]) }
        let member = ScannedMember("m", sets, &random, page: 1 << 20)
        var merge = SeriesMerge([member.source], added: ["project"])
        #expect(try await all(of: &merge) == member.expected.sorted())
        #expect(merge.unsorted == [0])
    }

    @Test func refusesALabelSetThatTwoMembersHave() async throws {
        var random = SeededRandom(seed: 1)
        let sets = [LabelSet([(name: "a", value: "1")])]
        let members = [ScannedMember("m", sets, &random), ScannedMember("m", sets, &random)]
        var merge = SeriesMerge(members.map(\.source), added: ["project"])
        let expected = ScanError.malformed(
            #"two series with the labels {a="1", project="m"}"#)
        await #expect(throws: expected) { try await all(of: &merge) }
    }

    /// What is held back is bounded by the number of labels, whatever a member sends.
    @Test func holdsBackNoMoreThanOneSeriesALabel() {
        var restorer = PartitionOrderBuffer(added: ["project"])
        var given = 0
        for index in 0..<1000 {
            let labels = LabelSet([(name: "a", value: "\(9999 - index)")])
            restorer.push(SeriesElement(page: page(labels), index: 0))
            while restorer.pop() != nil { given += 1 }
            #expect(given >= index)
        }
        #expect(restorer.disorder == 998)
    }

    private func page(_ labels: LabelSet) -> SeriesPage {
        var page = SeriesPage()
        page.keys = labels.setting("project", to: "m").key
        page.series = [
            SeriesPage.Extent(
                key: 0..<page.keys.count, element: 0..<0, samples: 0..<0, hasHistograms: false)
        ]
        return page
    }

    private func all(of merge: inout SeriesMerge) async throws -> [LabelSet] {
        var all: [LabelSet] = []
        while let element = try await merge.next() {
            let labels = LabelSet(key: Array(element.key))
            var bytes: [UInt8] = []
            element.append(to: &bytes)
            #expect(bytes == ScannedMember.element(labels))
            all.append(labels)
        }
        return all
    }
}
