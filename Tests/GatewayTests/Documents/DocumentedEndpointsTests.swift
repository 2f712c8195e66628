import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import Testing
import Yams

@testable import Federation
@testable import Gateway

/// The server, its description for programs and docs/http-api.md have the same paths.
@Suite(.closesGateways) struct DocumentedEndpointsTests {
    private func gateway() throws -> GatewayApplication {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayApplication(
            configuration: try Configuration.parse(
                "projects: [{name: p, prometheus: {url: \"http://127.0.0.1:1\"}}]",
                path: "c.yaml"),
            logger: logger
        ).closedAtTheEnd()
    }

    private func text(_ file: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
    }

    /// `GET /labels` and so on: what is registered for the default project.
    private func served() async throws -> Set<String> {
        let gateway = try gateway()
        let prefix = "/api/v1/"
        let routes = gateway.live.current.value.routes.registered.filter {
            $0.pattern.hasPrefix(prefix) && !$0.pattern.hasSuffix("*")
        }
        return Set(
            routes.map { route in
                let path = route.pattern.dropFirst(prefix.count).split(separator: "/").map {
                    $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0)
                }
                return "\(route.method) /\(path.joined(separator: "/"))"
            })
    }

    /// The paths that docs/http-api.md has in the rows of its tables, in the sections before and
    /// after the one on what is refused.
    private func documented() throws -> (answered: Set<String>, refused: Set<String>) {
        var sections = (answered: Set<String>(), refused: Set<String>())
        var isRefused = false
        for line in try text("docs/http-api.md").split(separator: "\n") {
            if line.hasPrefix("## ") { isRefused = line == "## What is refused" }
            guard line.hasPrefix("|"), let cell = line.split(separator: "|").first else { continue }
            for path in cell.split(separator: "`") where path.hasPrefix("/") {
                if isRefused {
                    sections.refused.insert(String(path))
                } else {
                    sections.answered.insert(String(path))
                }
            }
        }
        return sections
    }

    private func path(_ operation: String) -> String {
        String(operation.drop { $0 != " " }.dropFirst())
    }

    @Test func everyPathOfTheServerIsInTheDocument() async throws {
        let documented = try documented()
        let paths = Set(try await served().map(path))
        #expect(paths.subtracting(documented.answered.union(documented.refused)) == [])
    }

    @Test func theDescriptionHasWhatTheServerAnswers() async throws {
        let refused = try documented().refused
        let answered = try await served().filter { !refused.contains(path($0)) }
        let answer = try await gateway().responder.ask("/api/v1/openapi.yaml")
        #expect(answer.headers["Content-Type"] == "application/yaml; charset=utf-8")
        let document = try #require(try Yams.load(yaml: answer.body) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let described = Set(
            paths.flatMap { path, item in item.keys.map { "\($0.uppercased()) \(path)" } })
        #expect(described == answered)
    }

    /// A user with a key for the one API must find out how to send it to the other.
    @Test func bothDescriptionsNameTheSameSecuritySchemes() throws {
        func schemes(
            _ text: String
        ) throws -> (version: String, schemes: [String: [String: String]]) {
            let document = try #require(try Yams.load(yaml: text) as? [String: Any])
            let components = try #require(document["components"] as? [String: Any])
            return (
                try #require(document["openapi"] as? String),
                try #require(components["securitySchemes"] as? [String: [String: String]])
            )
        }
        let query = try schemes(OpenAPIDocument(base: "").text)
        let other = try schemes(text("docs/openapi.yaml"))
        #expect(query.version == other.version)
        #expect(query.schemes == other.schemes)
    }
}
