import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// What is seen of a list's order while it arrives.
@Suite struct ArrivalOrderTests {
    private static func isKept(
        _ sets: [LabelSet], _ injection: LabelInjection
    ) -> (isKept: Bool, different: Int) {
        var order = ArrivalOrder(added: injection.labels.map(\.name))
        for labels in sets {
            injection.injecting(into: labels).key.withUnsafeBytes { _ = order.note($0) }
        }
        return (order.isKept, order.different)
    }

    private static func injection(_ random: inout SeededRandom) -> LabelInjection {
        var labels: [String: String] = [:]
        for label in ["B", "projecz", "zz"] where random.oneIn(3) { labels[label] = "v" }
        return PartitionLabel(labels: ["m": labels]).labels(of: "m")
    }

    @Test(arguments: UInt64(0)..<60)
    func `A member that sorts is in order, whatever its labels are`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sets = ScannedMember.labelSets(&random).sorted()
        let twice = sets.flatMap { random.oneIn(4) ? [$0, $0] : [$0] }
        let found = Self.isKept(twice, Self.injection(&random))
        #expect(found.isKept)
        #expect(found.different == sets.count)
    }

    @Test(arguments: UInt64(0)..<200)
    func `Any other order is seen where the order could not be restored`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let injection = Self.injection(&random)
        var sets = ScannedMember.labelSets(&random).sorted()
        for _ in 0..<random.below(3) {
            guard sets.count > 1 else { break }
            sets.swapAt(random.below(sets.count), random.below(sets.count))
        }
        var buffer = PartitionOrderBuffer(added: injection.labels.map(\.name))
        for labels in sets {
            var page = SeriesPage()
            page.keys = injection.injecting(into: labels).key
            page.series = [
                SeriesPage.Extent(
                    key: 0..<page.keys.count, element: 0..<0, samples: 0..<0, hasHistograms: false)
            ]
            buffer.push(SeriesElement(page: page, index: 0))
        }
        buffer.finish()
        #expect(Self.isKept(sets, injection).isKept == (buffer.disorder == 0))
    }

    @Test func `Names and values are in order where they ascend`() {
        for (texts, isKept, different) in [
            (["", "a", "a", "ab", "b"], true, 4), (["a", "b", "ab"], false, 3), ([], true, 0),
        ] {
            var order = ArrivalOrder()
            for text in texts { Array(text.utf8).withUnsafeBytes { _ = order.note($0) } }
            #expect(order.isKept == isKept)
            #expect(order.different == different)
        }
    }
}
