import Foundation
import GatewayConfiguration
import PrometheusServer
import Testing
import Yams

@testable import Federation
@testable import Gateway

/// docs/openapi.yaml and the server say the same.
@Suite(.closesGateways) struct OpenAPITests {
    private typealias Mapping = [String: Any]

    private static let yaml = """
        data_dir: unused
        projects:
          - {name: fixed, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-fixed}]}
          - {name: pooled, clusterPool: attributes}
        clusters: [{name: one, prometheus: {url: http://127.0.0.1:1}}]
        clusterPools: {default: [one]}
        auth: {tokens: [{name: root, token: root-token, admin: true}]}
        """

    /// In an order in which each finds what it needs.
    private static let requests: [(method: String, path: String, target: String, body: String)] = [
        (
            "POST", "/api/projects", "/api/projects",
            #"{"name":"p","prometheus":{"url":"http://127.0.0.1:1"}}"#
        ),
        ("GET", "/api/projects", "/api/projects", ""),
        ("GET", "/api/projects/{project}", "/api/projects/p", ""),
        ("POST", "/api/projects/{project}/probe", "/api/projects/p/probe", ""),
        ("PUT", "/api/projects/{project}", "/api/projects/m", #"{"memberProjects":["fixed"]}"#),
        ("POST", "/api/projects/{project}/keys", "/api/projects/p/keys", "{}"),
        ("DELETE", "/api/projects/{project}/keys/{id}", "/api/projects/p/keys/x", ""),
        ("PUT", "/api/cluster-pools/{pool}", "/api/cluster-pools/q", #"{"clusters":["one"]}"#),
        ("GET", "/api/cluster-pools/{pool}", "/api/cluster-pools/q", ""),
        ("GET", "/api/cluster-pools", "/api/cluster-pools", ""),
        (
            "PUT", "/api/cluster-pool-attributes", "/api/cluster-pool-attributes",
            #"{"project":"pooled","domain":"d","clusterPoolName":"q"}"#
        ),
        ("GET", "/api/cluster-pool-attributes", "/api/cluster-pool-attributes", ""),
        (
            "DELETE", "/api/cluster-pool-attributes",
            "/api/cluster-pool-attributes?project=pooled&domain=d", ""
        ),
        ("DELETE", "/api/cluster-pools/{pool}", "/api/cluster-pools/q", ""),
        ("POST", "/api/tokens", "/api/tokens", #"{"name":"t"}"#),
        ("GET", "/api/tokens", "/api/tokens", ""),
        ("DELETE", "/api/tokens/{token}", "/api/tokens/t", ""),
        ("DELETE", "/api/projects/{project}", "/api/projects/m", ""),
        ("POST", "/api/session", "/api/session", ""),
        ("GET", "/api/whoami", "/api/whoami", ""),
        ("GET", "/api/configuration/file", "/api/configuration/file", ""),
        ("GET", "/api/audit", "/api/audit", ""),
        ("DELETE", "/api/session", "/api/session", ""),
    ]

    private func document() throws -> Mapping {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/openapi.yaml")
        let text = try String(contentsOf: path, encoding: .utf8)
        return try #require(try Yams.load(yaml: text) as? Mapping)
    }

    private func operations(_ document: Mapping) throws -> Set<String> {
        let paths = try #require(document["paths"] as? [String: Mapping])
        return Set(
            paths.flatMap { path, item in
                item.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" }
            })
    }

    @Test func theDocumentHasExactlyTheRoutesOfTheServer() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let served = gateway.application.live.current.value.routes.registered
            .filter { route in
                route.pattern.hasPrefix("/api/")
                    && !["/api/v1/", "/api/clickhouse"].contains {
                        route.pattern.hasPrefix($0)
                    }
            }
            .map { route in
                let path = route.pattern.split(separator: "/").map { segment in
                    segment.hasPrefix(":") ? "{\(segment.dropFirst())}" : String(segment)
                }
                return "\(route.method) /\(path.joined(separator: "/"))"
            }
        #expect(try operations(try document()) == Set(served))
        #expect(Set(Self.requests.map { "\($0.method) \($0.path)" }) == Set(served))
    }

    @Test func theAnswersAreAsDescribed() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let document = try document()
        for (method, path, target, body) in Self.requests {
            let answer = try await gateway.send(method, target, body: body)
            let subject = "\(method) \(path): \(answer.status)"
            let paths = try #require(document["paths"] as? [String: Mapping])
            let operation = try #require(paths[path]?[method.lowercased()] as? Mapping)
            let responses = try #require(operation["responses"] as? Mapping)
            let schema = try #require(
                bodySchema(of: responses["\(answer.status)"], in: document), "\(subject)")
            let value = try JSONSerialization.jsonObject(with: Data(answer.body.utf8))
            #expect(problems(value, schema, document, "answer") == [], "\(subject)")

            // One who has no session is logged out already.
            if method == "DELETE", path == "/api/session" { continue }
            let refused = try await gateway.send(method, target, headers: [:], body: body)
            #expect(refused.status == 401, "\(subject)")
            let error = try #require(bodySchema(of: responses["default"], in: document))
            let refusal = try JSONSerialization.jsonObject(with: Data(refused.body.utf8))
            #expect(problems(refusal, error, document, "error") == [], "\(subject)")
        }
    }

    @Test func theCheckFindsWhatIsNotDescribed() throws {
        let schema: Mapping = [
            "type": "object", "required": ["a"], "properties": ["a": ["type": "string"]],
        ]
        for wrong: Mapping in [[:], ["a": 1], ["a": "", "b": ""]] {
            #expect(problems(wrong, schema, [:], "answer").count == 1)
        }
    }

    private func bodySchema(of response: Any?, in document: Mapping) -> Mapping? {
        let response = resolved(response, in: document)
        let content = response?["content"] as? Mapping
        return (content?["application/json"] as? Mapping)?["schema"] as? Mapping
    }

    private func resolved(_ value: Any?, in document: Mapping) -> Mapping? {
        guard let mapping = value as? Mapping else { return nil }
        guard let reference = mapping["$ref"] as? String else { return mapping }
        var found: Any? = document
        for step in reference.split(separator: "/").dropFirst() {
            found = (found as? Mapping)?[String(step)]
        }
        return resolved(found, in: document)
    }

    /// What of a value its schema does not allow, by the parts of JSON Schema that are used there.
    private func problems(
        _ value: Any, _ schema: Mapping, _ document: Mapping, _ place: String
    ) -> [String] {
        guard let schema = resolved(schema, in: document) else { return ["\(place): no schema"] }
        if value is NSNull {
            return schema["nullable"] as? Bool == true ? [] : ["\(place) is null"]
        }
        switch schema["type"] as? String {
        case "object":
            guard let object = value as? Mapping else { return ["\(place) is no object"] }
            let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
            guard let properties = schema["properties"] as? [String: Mapping] else { return [] }
            return missing.map { "\(place).\($0) is missing" }
                + object.flatMap { key, value in
                    properties[key].map { problems(value, $0, document, "\(place).\(key)") }
                        ?? ["\(place).\(key) is not described"]
                }
        case "array":
            guard let list = value as? [Any], let items = schema["items"] as? Mapping else {
                return ["\(place) is no list"]
            }
            return list.flatMap { problems($0, items, document, "\(place)[]") }
        case "string":
            guard let text = value as? String else { return ["\(place) is no text"] }
            let known = schema["enum"] as? [String]
            return known?.contains(text) ?? true ? [] : ["\(place) is \(text)"]
        case "boolean": return value is Bool ? [] : ["\(place) is no bool"]
        case "number": return value is Double || value is Int ? [] : ["\(place) is no number"]
        default: return ["\(place) has no type"]
        }
    }
}
