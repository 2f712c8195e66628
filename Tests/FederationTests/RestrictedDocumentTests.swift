import PrometheusWire
import Testing
import Upstream
import UpstreamSettings

@testable import Federation

/// What a project with a selector shows of documents.
@Suite struct RestrictedDocumentTests {
    private func part(
        _ path: String, _ text: String, _ selector: String = #"{cluster="eu"}"#
    ) throws -> (text: String, leftOut: String?) {
        let document = RestrictedDocument(selector: try ProjectSelector(selector))
        let found = document.part(of: try JSONValue(parsing: Array(text.utf8)), at: path)
        var out: [UInt8] = []
        found.data.append(to: &out)
        return (String(decoding: out, as: UTF8.self), found.leftOut)
    }

    @Test func alertsAreThoseWithTheLabels() throws {
        let found = try part(
            "/alerts",
            #"{"alerts":[{"labels":{"cluster":"us"}},{"labels":{"cluster":"eu","a":"b"}},{"labels":{}}]}"#
        )
        #expect(found.text == #"{"alerts":[{"labels":{"cluster":"eu","a":"b"}}]}"#)
        #expect(found.leftOut == nil)
    }

    @Test func aRuleWithoutTheLabelIsLeftOutEvenWhereTheSelectorWouldTakeIt() throws {
        let rules = #"""
            {"groups":[{"name":"g","rules":[{"name":"a","labels":{"cluster":"eu"},"alerts":[{"labels":{"cluster":"us"}},{"labels":{"cluster":"eu"}}]},{"name":"b"}]},{"name":"h","rules":[{"name":"c","labels":{"cluster":"us"}}]}]}
            """#
        let expected =
            #"{"groups":[{"name":"g","rules":[{"name":"a","labels":{"cluster":"eu"},"alerts":[{"labels":{"cluster":"eu"}}]}]}]}"#
        for selector in [#"{cluster="eu"}"#, #"{cluster!="us"}"#] {
            let found = try part("/rules", rules, selector)
            #expect(found.text == expected)
            #expect(found.leftOut == "rules without the labels of the selector")
        }
    }

    @Test func targetsAreThoseWithTheLabelsAndDroppedOnesNone() throws {
        let found = try part(
            "/targets",
            #"{"activeTargets":[{"labels":{"cluster":"us"}},{"labels":{"cluster":"eu"}}],"droppedTargets":[{"discoveredLabels":{"cluster":"eu"}}],"droppedTargetCounts":{"p":1}}"#
        )
        #expect(
            found.text
                == #"{"activeTargets":[{"labels":{"cluster":"eu"}}],"droppedTargets":[],"droppedTargetCounts":{}}"#
        )
        #expect(found.leftOut == "dropped targets")
    }

    @Test func theLimitOfTheServerIsNotAskedForWhereItWouldCountOthers() throws {
        let document = RestrictedDocument(selector: try ProjectSelector(#"{cluster="eu"}"#))
        let question = DocumentQuestion(
            "/targets/metadata", .targetsMetadata, [("metric", "up"), ("limit", "1")])
        #expect(document.question(question)?.parameters.pairs.map { $0.name } == ["metric"])
    }

    @Test(arguments: [
        "/metadata", "/scrape_pools", "/scrape_pools/config", "/targets/relabel_steps",
        "/alertmanagers", "/status/tsdb", "/status/tsdb/blocks", "/something/new",
    ])
    func whatHasNoLabelsIsNotAskedFor(path: String) throws {
        let document = RestrictedDocument(selector: try ProjectSelector(#"{cluster="eu"}"#))
        #expect(document.question(DocumentQuestion(path, .anyObject)) == nil)
    }
}
