import Foundation
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `queryParameters`: what a configuration may add to the URLs of a member.
@Suite struct QueryParameterTests {
    private func errors(_ parameters: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(
                "projects:\n  - name: a\n    prometheus: {url: http://a, queryParameters: \(parameters)}\n",
                path: "c.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test(arguments: [
        "query", "start", "end", "step", "time", "timeout", "limit", "match[]", "lookback_delta",
        "stats", "partial_response",
    ])
    func aNameThatTheGatewaySendsIsRefusedWithItsPlaceAndTheMend(name: String) {
        let column = "    prometheus: {url: http://a, queryParameters: {".count + 1
        #expect(
            errors("{\"\(name)\": s3cret}") == [
                "c.yaml:3:\(column): projects[0].prometheus.queryParameters.\(name): project a: "
                    + "query parameter \(name) is written by the gateway itself; remove it"
            ])
    }

    @Test(arguments: [
        ("{\"\": x}", "a query parameter needs a name; write up to 256 bytes without blanks"),
        (
            "{\"a b\": x}",
            "\"a b\" is not the name of a query parameter; write up to 256 bytes without blanks"
        ),
        (
            "{tenant: \"s3\\ncret\"}",
            "the value of query parameter tenant holds a line end; write it in one line, without "
                + "control characters"
        ),
        ("{tenant: [s3cret]}", "must be a single value, not a list"),
        ("s3cret", "must be a mapping, not a single value"),
    ])
    func whatIsNoParameterIsRefusedAndNoValueShown(parameters: String, problem: String) {
        let found = errors(parameters)
        #expect(found.count == 1 && found.first?.hasSuffix("project a: \(problem)") == true)
        #expect(found.first?.contains("s3") == false)
    }

    @Test func valuesAreShownNowhere() throws {
        let configuration = try Configuration.parse(
            "projects: [{name: a, prometheus: {url: http://a, queryParameters: {tenant: s3cret}}}]",
            path: "c.yaml")
        #expect(configuration.redactedYAML.contains("queryParameters:\n        tenant: <redacted>"))
        let project = try #require(configuration.projects.first)
        let shown = ProjectDocument.shown(project)
        #expect(shown["prometheus"]?["queryParameters"]?["tenant"] == .text("<redacted>"))
        var dumped = configuration.redactedYAML + "\(configuration) \(shown)"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("s3cret"))
    }

    @Test func aValueIsKeptWhereItsPlaceIsSentBackAsItWasShown() throws {
        let project = try #require(
            try Configuration.parse(
                "projects: [{name: a, prometheus: {url: http://a, queryParameters: {tenant: s3cret}}}]",
                path: "c.yaml"
            ).projects.first)
        let again = try ProjectDocument.read(
            ProjectDocument.shown(project), name: "a", among: [], old: project,
            partitionLabel: Configuration.defaultPartitionLabel)
        #expect(again == project)
    }

    @Test func aStoredDocumentOfBeforeHasNone() throws {
        let project = try ProjectDocument.read(
            #"{"prometheus":{"url":"http://a","timeout":"30s","headers":{"X-A":"b"}}}"#, name: "a",
            members: [])
        guard case .prometheus(let source) = project.kind else {
            Issue.record("not a Prometheus")
            return
        }
        #expect(source.queryParameters == [] && source.headers.map(\.name) == ["X-A"])
    }

    @Test func theSchemaForbidsTheSameNames() throws {
        let schema = try JSONSchema(
            contentsOf: ExampleConfigurationTests.folder
                .appendingPathComponent("configuration.schema.json"))
        let names = schema.schema(at: "globalPrometheus.queryParameters")["propertyNames"]
        let pattern = try #require((names as? [String: Any])?["pattern"] as? String)
        for (name, isAllowed) in [
            ("query", false), ("match[]", false), ("", false), ("a b", false), ("tenant", true),
            ("Query", true), ("querying", true), ("dedup", true), ("a[]", true),
        ] {
            let isMatch = name.range(of: pattern, options: .regularExpression) != nil
            #expect(isMatch == isAllowed, "\(name)")
            #expect(errors("{\"\(name)\": x}").isEmpty == isAllowed, "\(name)")
        }
    }
}
