import Testing
import UpstreamSettings

@testable import GatewayConfiguration

@Suite("Settings of the log and of traces")
struct LogSettingsTests {
    private static let project = "projects:\n  - {name: a, prometheus: {url: \"http://a\"}}\n"

    private func errors(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(text + "\n" + Self.project, path: "c.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test("What is written is read, and shown without secrets")
    func read() throws {
        let configuration = try Configuration.parse(
            """
            log: {level: debug, format: json}
            query: {log: slow, logFile: /var/log/q.log, logSlowAfter: 2s}
            tracing: {endpoint: "http://c:4318/", sampling: 0.25, headers: {x-key: top-secret}}
            """ + "\n" + Self.project, path: "c.yaml")
        #expect(configuration.log.level == .debug && configuration.log.format == .json)
        #expect(configuration.query.log.queries == .slow)
        #expect(configuration.query.log.file == "/var/log/q.log")
        #expect(configuration.query.log.slowAfter == .seconds(2))
        let tracing = try #require(configuration.tracing)
        #expect(tracing.endpoint.description == "http://c:4318")
        #expect(tracing.sampling == 0.25)
        #expect(tracing.headers.map(\.value.exposed) == ["top-secret"])
        let shown = configuration.redactedYAML
        #expect(!shown.contains("top-secret"))
        #expect(shown.contains("sampling: 0.25") && shown.contains("log: slow"))
    }

    @Test("Nothing is logged of queries and nothing is traced, unless that is asked for")
    func defaults() throws {
        let configuration = try Configuration.parse(Self.project, path: "c.yaml")
        #expect(configuration.log.level == .info && configuration.log.format == .text)
        #expect(configuration.query.log.queries == .off)
        #expect(configuration.tracing == nil)
        let off = try Configuration.parse("query: {log: off}\n" + Self.project, path: "c.yaml")
        #expect(off.query.log.queries == .off)
    }

    @Test(
        "What is wrong is told with its place and what to do",
        arguments: [
            ("log: {level: loud}", "log.level"),
            ("log: {format: xml}", "log.format"),
            ("log: {file: x}", "log.file"),
            ("query: {log: some}", "query.log"),
            ("query: {logSlowAfter: 0s}", "query.logSlowAfter"),
            ("tracing: {}", "a URL is needed; write it as http://collector:4318"),
            (
                "tracing: {endpoint: c}",
                "the URL is not an absolute http or https URL"
            ),
            (
                "tracing: {endpoint: \"http://c\", sampling: 2}",
                "\"2\" is not a share; write a number from 0 to 1"
            ),
            ("tracing: {endpoint: \"http://c\", sampling: nan}", "\"nan\" is not a share"),
            ("tracing: {endpoint: \"http://c\", headers: {\"a b\": c}}", "headers"),
        ])
    func wrong(settings: String, part: String) {
        let errors = errors(settings)
        #expect(errors.contains { $0.contains(part) }, "\(errors)")
    }

    @Test("A change is told by projects and keys, without values")
    func change() throws {
        let old = try Configuration.parse(
            "projects:\n  - {name: a, prometheus: {url: \"http://a\"}}\n"
                + "  - {name: b, prometheus: {url: \"http://b\"}}\n", path: "c.yaml")
        let new = try Configuration.parse(
            "limits: {maxSeries: 5}\nprojects:\n"
                + "  - {name: a, prometheus: {url: \"http://a\", bearerToken: top-secret}}\n"
                + "  - {name: c, prometheus: {url: \"http://c\"}}\n", path: "c.yaml")
        #expect(
            ConfigurationChange(from: old, to: new).text
                == "projects added: c; projects removed: b; projects changed: a; "
                + "settings changed: limits")
        #expect(ConfigurationChange(from: old, to: old).text == "nothing")
    }

    @Test("The hash differs with the configuration, and says nothing of its secrets")
    func fingerprint() throws {
        func hash(_ settings: String, _ token: String = "x") throws -> String {
            try Configuration.parse(
                settings + "projects:\n  - {name: a, prometheus: {url: \"http://a\", bearerToken: "
                    + "\(token)}}\n", path: "c.yaml"
            ).fingerprint
        }
        #expect(try hash("").utf8.count == 12)
        #expect(try hash("") == hash("", "y"))
        #expect(try hash("") != hash("limits: {maxSeries: 5}\n"))
    }
}
