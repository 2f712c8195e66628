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
              - session: []
              - {}
            components:
              securitySchemes:
                bearer: {type: http, scheme: bearer}
                basic: {type: http, scheme: basic}
                key: {type: apiKey, in: header, name: X-API-Key}
                session: {type: apiKey, in: cookie, name: tributary_session}
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
                for name in ["name", "id"] where endpoint.path.contains("{\(name)}") {
                    text += "      parameters:\n"
                    text += "        - {name: \(name), in: path, required: true, "
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

/// One path of the API, for its description.
struct APIEndpoint: Sendable {
    /// Below `/api/v1`, parameters in braces.
    var path: String
    var methods: [String]
    /// What the gateway answers.
    var summary: String

    private init(_ path: String, _ methods: String, _ summary: String) {
        self.path = path
        self.methods = methods.split(separator: " ").map(String.init)
        self.summary = summary
    }

    /// Every path that answers, in the order of docs/http-api.md, which a test compares.
    static let all: [APIEndpoint] = [
        APIEndpoint("/query", "GET POST", "Evaluates an expression at one time, over all members."),
        APIEndpoint(
            "/query_range", "GET POST", "Evaluates an expression at every step of a range."),
        APIEndpoint("/explain", "GET POST", "Tells how a query would be answered, and by whom."),
        APIEndpoint(
            "/query_exemplars", "GET POST", "Exemplars of the series that an expression selects."),
        APIEndpoint("/format_query", "GET POST", "An expression, formatted."),
        APIEndpoint("/parse_query", "GET POST", "An expression as a syntax tree."),
        APIEndpoint("/labels", "GET POST", "Label names of all members."),
        APIEndpoint("/label/{name}/values", "GET", "Values of a label in all members."),
        APIEndpoint("/series", "GET POST", "Label sets of the selected series."),
        APIEndpoint("/metadata", "GET", "Types, units and help texts of metrics."),
        APIEndpoint("/search/metric_names", "GET POST", "Names of metrics that fit a text."),
        APIEndpoint("/search/label_names", "GET POST", "Names of labels that fit a text."),
        APIEndpoint("/search/label_values", "GET POST", "Values of a label that fit a text."),
        APIEndpoint("/read", "POST", "Remote read of the series of all members."),
        APIEndpoint("/targets", "GET", "Scrape targets of all members."),
        APIEndpoint("/targets/metadata", "GET", "What targets say about their metrics."),
        APIEndpoint("/targets/relabel_steps", "GET", "How a member relabels labels, by step."),
        APIEndpoint("/scrape_pools", "GET", "Names of the scrape pools of all members."),
        APIEndpoint("/scrape_pools/config", "GET", "The configuration of a scrape pool."),
        APIEndpoint("/rules", "GET", "Rule groups of all members."),
        APIEndpoint("/alerts", "GET", "Active alerts of all members."),
        APIEndpoint("/alertmanagers", "GET", "Alertmanagers that members send alerts to."),
        APIEndpoint("/status/config", "GET", "The gateway's configuration, without secrets."),
        APIEndpoint("/status/flags", "GET", "The gateway's settings under Prometheus's names."),
        APIEndpoint("/status/runtimeinfo", "GET", "The gateway's process."),
        APIEndpoint("/status/buildinfo", "GET", "The version whose behaviour is claimed."),
        APIEndpoint("/status/tsdb", "GET", "Storage statistics, added up over the members."),
        APIEndpoint("/status/tsdb/blocks", "GET", "Storage blocks of all members."),
        APIEndpoint("/status/walreplay", "GET", "Nothing is replayed here."),
        APIEndpoint("/status/self_metrics", "GET", "The gateway's own metrics as JSON."),
        APIEndpoint("/status/active_queries", "GET", "The queries that are being answered."),
        APIEndpoint("/status/active_queries/{id}", "DELETE", "Cancels a query."),
        APIEndpoint("/status/top_queries", "GET", "What queries cost since the start, by text."),
        APIEndpoint("/notifications", "GET", "Notifications of the gateway; there are none."),
        APIEndpoint("/notifications/live", "GET", "The same as a stream of events."),
        APIEndpoint("/features", "GET", "What this server can do."),
        APIEndpoint("/openapi.yaml", "GET", "This description."),
    ]
}
