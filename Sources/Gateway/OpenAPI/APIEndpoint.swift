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
        APIEndpoint("/notifications", "GET", "Notifications of the gateway; there are none."),
        APIEndpoint("/notifications/live", "GET", "The same as a stream of events."),
        APIEndpoint("/features", "GET", "What this server can do."),
        APIEndpoint("/openapi.yaml", "GET", "This description."),
    ]
}
