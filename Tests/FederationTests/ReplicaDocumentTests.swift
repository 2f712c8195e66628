import PrometheusWire
import Testing
import TimeSeries

@testable import Federation

/// One document out of those of several replicas.
@Suite struct ReplicaDocumentTests {
    private func union(_ path: String, _ texts: String...) throws -> String {
        let documents = try texts.map { try JSONValue(parsing: Array($0.utf8)) }
        let union = ReplicaDocument(path: path, labels: LabelNames(["replica"]))
            .union(of: documents)
        var out: [UInt8] = []
        union.append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func groupsOfRulesAreThoseOfAllReplicasOnce() throws {
        let text = try union(
            "/rules", #"{"groups":[{"name":"g","file":"f","rules":[{"name":"a"}]}]}"#,
            #"{"groups":[{"name":"g","file":"f","rules":[{"name":"b"}]},{"name":"h","file":"f","rules":[]}]}"#
        )
        #expect(
            text
                == #"{"groups":[{"name":"g","file":"f","rules":[{"name":"a"}]},{"name":"h","file":"f","rules":[]}]}"#
        )
    }

    @Test func alertsThatDifferInTheReplicaAloneAreOne() throws {
        let text = try union(
            "/alerts", #"{"alerts":[{"labels":{"alertname":"A","replica":"a"},"value":"1"}]}"#,
            #"{"alerts":[{"labels":{"alertname":"A","replica":"b"},"value":"2"},{"labels":{"alertname":"B"}}]}"#
        )
        #expect(
            text
                == #"{"alerts":[{"labels":{"alertname":"A"},"value":"1"},{"labels":{"alertname":"B"}}]}"#
        )
    }

    @Test func targetsAreThoseOfAllReplicasByTheirLabels() throws {
        let text = try union(
            "/targets",
            #"{"activeTargets":[{"labels":{"instance":"i"},"scrapePool":"p"}],"droppedTargets":[]}"#,
            #"{"activeTargets":[{"labels":{"instance":"i","replica":"b"},"scrapePool":"p"},{"labels":{"instance":"j"},"scrapePool":"p"}],"droppedTargets":null}"#
        )
        #expect(
            text
                == #"{"activeTargets":[{"labels":{"instance":"i"},"scrapePool":"p"},{"labels":{"instance":"j"},"scrapePool":"p"}],"droppedTargets":[]}"#
        )
    }

    @Test func exemplarsOfASeriesAreThoseOfAllReplicas() throws {
        let text = try union(
            "/query_exemplars",
            #"[{"seriesLabels":{"a":"1"},"exemplars":[{"labels":{"t":"x"},"value":"1","timestamp":1}]}]"#,
            #"[{"seriesLabels":{"a":"1","replica":"b"},"exemplars":[{"labels":{"t":"x"},"value":"1","timestamp":1},{"labels":{"t":"y"},"value":"1","timestamp":2}]}]"#
        )
        #expect(
            text
                == #"[{"seriesLabels":{"a":"1"},"exemplars":[{"labels":{"t":"x"},"value":"1","timestamp":1},{"labels":{"t":"y"},"value":"1","timestamp":2}]}]"#
        )
    }

    @Test func whatAServerTellsOfItselfIsThatOfTheFirst() throws {
        #expect(try union("/status/tsdb", #"{"a":1}"#, #"{"a":2}"#) == #"{"a":1}"#)
    }
}
