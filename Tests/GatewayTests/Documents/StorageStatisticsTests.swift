import PrometheusWire
import Testing
import TimeSeries

@testable import Federation
@testable import Gateway

/// What several storages say of themselves, added up.
@Suite struct StorageStatisticsTests {
    private func json(_ documents: [(member: String, text: String)]) throws -> String {
        var statistics = StorageStatistics(PartitionLabel("project"))
        for (member, text) in documents {
            statistics.add(try JSONValue(parsing: Array(text.utf8)), of: member)
        }
        var out: [UInt8] = []
        statistics.json(limit: 3).append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static let empty =
        #"{"numSeries":0,"numLabelPairs":0,"chunkCount":0,"#
        + #""minTime":9223372036854775807,"maxTime":-9223372036854775808}"#
    private static let head =
        #"{"numSeries":2,"numLabelPairs":3,"chunkCount":4,"minTime":5,"maxTime":6}"#

    @Test func emptyStoragesDoNotStretchTheTimes() throws {
        let text = try json([
            ("a", #"{"headStats":\#(Self.empty)}"#), ("b", #"{"headStats":\#(Self.head)}"#),
        ])
        #expect(text.hasPrefix(#"{"headStats":\#(Self.head),"#))
        #expect(
            text.hasSuffix(#""seriesCountByLabelValuePair":[{"name":"project=b","value":2}]}"#))
        let nothing = try json([("a", #"{"headStats":\#(Self.empty)}"#)])
        #expect(nothing.hasPrefix(#"{"headStats":\#(Self.empty),"seriesCountByMetricName":[]"#))
    }

    /// Prometheus 3 says of an empty head where it will go on.
    @Test func emptyStoragesTellTheirTimesWhereNoneHoldsAnything() throws {
        func empty(_ from: Int, _ to: Int) -> String {
            #"{"numSeries":0,"numLabelPairs":0,"chunkCount":0,"minTime":\#(from),"maxTime":\#(to)}"#
        }
        let documents = [("a", empty(7, 7)), ("b", empty(5, 6)), ("c", Self.empty)].map {
            (member: $0.0, text: #"{"headStats":\#($0.1)}"#)
        }
        #expect(try json(documents).hasPrefix(#"{"headStats":\#(empty(5, 7)),"#))
        let held = (member: "d", text: #"{"headStats":\#(Self.head)}"#)
        #expect(try json(documents + [held]).hasPrefix(#"{"headStats":\#(Self.head),"#))
    }

    /// VictoriaMetrics tells its series in a place of its own.
    @Test func seriesWithoutAHeadAreCounted() throws {
        let text = try json([
            ("a", #"{"totalSeries":7,"labelValueCountByLabelName":[{"name":"project","value":2}]}"#)
        ])
        #expect(text.hasPrefix(#"{"headStats":{"numSeries":7,"#))
        let labels =
            #"[{"name":"exported_project","value":2},{"name":"project","value":1}]"#
        #expect(text.contains(#""labelValueCountByLabelName":\#(labels)"#))
        #expect(text.contains(#"[{"name":"project=a","value":7}]"#))
    }

    @Test func numbersThatNoStorageHasDoNotTrap() throws {
        let most = #"{"headStats":{"numSeries":9223372036854775807,"chunkCount":-1}}"#
        let text = try json([("a", most), ("b", most)])
        let head = #"{"numSeries":9223372036854775807,"numLabelPairs":0,"chunkCount":-2,"#
        #expect(text.hasPrefix(#"{"headStats":\#(head)"#))
    }
}
