import Foundation
import Testing
import UpstreamSettings
import Yams

@testable import GatewayConfiguration

/// configs/configuration.schema.json says what the code does.
@Suite struct ConfigurationSchemaTests {
    private let schema: JSONSchema

    init() throws {
        schema = try JSONSchema(
            contentsOf: ExampleConfigurationTests.folder
                .appendingPathComponent("configuration.schema.json"))
    }

    @Test func theSchemaIsTheOneThatTheTablesGive() throws {
        let path = ExampleConfigurationTests.folder
            .appendingPathComponent("configuration.schema.json")
        let text = try String(contentsOf: path, encoding: .utf8)
        #expect(
            text == Configuration.jsonSchema + "\n",
            "run: swift run tributary schema > configs/configuration.schema.json")
    }

    @Test func theSchemaNamesExactlyTheKeysThatAreRead() {
        let paths = schema.keyPaths
        #expect(Set(paths).count == paths.count)
        #expect(
            Set(paths).symmetricDifference(Configuration.keyPaths).sorted() == [])
        typealias Keys = ConfigurationKeys
        let others =
            Array(Keys.Root.aliases.keys) + Keys.Root.ignored
            + Keys.Postgres.aliases.keys.map { "postgres.\($0)" }
            + CacheSection.table.shape.ignored.map { "cache.\($0)" }
            + (Array(Keys.Project.aliases.keys) + Keys.Project.ignored).map { "projects[].\($0)" }
        #expect(schema.deprecatedKeyPaths.sorted() == others.sorted())
    }

    @Test func choicesAreThoseOfTheCode() {
        func choices(_ path: String, in list: Bool = false) -> [String]? {
            let found = schema.schema(at: path)
            let place = list ? found["items"] as? [String: Any] ?? [:] : found
            return place["enum"] as? [String]
        }
        #expect(choices("bucketRule") == BucketRule.allCases.map(\.rawValue))
        #expect(
            choices("query.rangeBoundary")
                == QuerySettings.RangeBoundary.allCases.map(\.rawValue))
        #expect(
            choices("query.features", in: true) == QuerySettings.Feature.allCases.map(\.rawValue))
        #expect(
            choices("globalPrometheus.acceptEncoding") == AcceptEncoding.allCases.map(\.rawValue))
        for endpoint in ["instantQuery", "labelNames", "labelValues", "stepGrid"] {
            #expect(
                choices("globalPrometheus.capabilities.\(endpoint)")
                    == EndpointSupport.Support.allCases.map(\.rawValue))
        }
        let project = (schema.root["$defs"] as? [String: Any])?["project"] as? [String: Any]
        let properties = project?["properties"] as? [String: [String: Any]] ?? [:]
        #expect(
            properties["partialResponse"]?["enum"] as? [String]
                == PartialResponse.allCases.map(\.rawValue))
        #expect(
            properties["exactness"]?["enum"] as? [String] == Exactness.allCases.map(\.rawValue))
    }

    @Test func defaultsAreThoseOfTheCode() throws {
        let minimal = try Configuration.parse(
            "projects: [{name: a, prometheus: {url: http://a}}]", path: "c.yaml")
        let effective = try #require(try Yams.load(yaml: minimal.redactedYAML) as? [String: Any])
        for section in ["query", "limits"] {
            let values = try #require(effective[section] as? [String: Any])
            let keys = try #require(schema.schema(at: section)["properties"] as? [String: Any])
            #expect(!keys.isEmpty)
            // A list, what the machine says, a path without a default, and a word that this reader of
            // YAML takes for `false`.
            let others = ["features", "maxMemory", "logFile", "log"]
            for key in keys.keys where !others.contains(key) {
                let stated = schema.schema(at: "\(section).\(key)")["default"]
                #expect(
                    "\(stated ?? "none")" == "\(values[key] ?? "missing")", "\(section).\(key)")
            }
        }
    }

    @Test func everyExampleIsValid() throws {
        let folder = ExampleConfigurationTests.folder
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }
        var checked = 0
        for name in names.sorted() + ["docker/tributary.yaml"] {
            let text = try String(
                contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            let document = try #require(try Yams.load(yaml: text) as? [String: Any])
            // Custom resources have a schema of their own, at the cluster.
            if document["kind"] != nil { continue }
            #expect(schema.problems(of: document) == [], "\(name)")
            checked += 1
        }
        #expect(checked >= 4)
    }

    @Test(arguments: [
        "projects: {}", "projects: [{prometheus: {url: http://a}}]", "colour: red",
        "projects: [{name: Big, prometheus: {url: http://a}}]", "bucketRule: maybe",
        "projects: [{name: a, prometheus: {url: \"\"}}]", "query: {lookback: soon}",
        "limits: {maxSeries: many}", "clusterPools: {default: []}", "clusterPools: {default: a}",
        "clusterPoolAttributes: [{project: p, clusterPoolName: c}]",
        "auth: {anonymous: perhaps}",
    ])
    func whatTheReaderRefusesTheSchemaRefuses(yaml: String) throws {
        let document = try #require(try Yams.load(yaml: yaml))
        #expect(schema.problems(of: document) != [])
        let whole =
            yaml.hasPrefix("projects:")
            ? yaml : yaml + "\nprojects: [{name: a, prometheus: {url: http://a}}]"
        #expect(throws: ConfigurationErrors.self) {
            _ = try Configuration.parse(whole, path: "c.yaml")
        }
    }
}
