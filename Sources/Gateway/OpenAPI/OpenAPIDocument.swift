/// The description of the query API in the YAML of OpenAPI. What changes projects, keys and pools is
/// described in docs/openapi.yaml, with the same version of OpenAPI and the same security schemes.
struct OpenAPIDocument: Sendable {
    /// What stands before every path of the gateway.
    var base: String

    var text: String {
        var text = """
            openapi: 3.0.3
            info:
              title: Tributary, a federation of Prometheus servers
              description: The query API. What changes projects is described elsewhere.
              version: \(StatusEndpoints.compatibility)
            security:
              - bearer: []
              - basic: []
              - key: []
              - {}
            components:
              securitySchemes:
                bearer: {type: http, scheme: bearer}
                basic: {type: http, scheme: basic}
                key: {type: apiKey, in: header, name: X-API-Key}
            servers:
              - url: \(base)/api/v1
                description: The default project.
              - url: \(base)/p/{project}/api/v1
                description: One project.
                variables:
                  project:
                    default: default
            paths:

            """
        for endpoint in APIEndpoint.all {
            text += "  \(endpoint.path):\n"
            for method in endpoint.methods {
                text += "    \(method.lowercased()):\n"
                text += "      operationId: \(Self.identifier(method, endpoint.path))\n"
                text += "      summary: \"\(endpoint.summary)\"\n"
                if endpoint.path.contains("{name}") {
                    text += "      parameters:\n"
                    text += "        - {name: name, in: path, required: true, "
                    text += "schema: {type: string}}\n"
                }
                text += "      responses:\n"
                text += "        \"200\": {description: \"The answer.\"}\n"
                text += "        default: {description: \"Why there is none.\"}\n"
            }
        }
        return text
    }

    /// `get-status-tsdb`, which no two operations share.
    private static func identifier(_ method: String, _ path: String) -> String {
        let words = path.split { !$0.isLetter && $0 != "_" }.map(String.init)
        return ([method.lowercased()] + words).joined(separator: "-")
    }
}
