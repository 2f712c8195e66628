import UpstreamSettings

/// What the gateway says about itself, and how.
public struct LogSettings: Sendable, Hashable {
    public enum Level: String, Sendable, Hashable, CaseIterable {
        case debug, info, warning, error
    }

    public enum Format: String, Sendable, Hashable, CaseIterable {
        /// `key=value` pairs.
        case text
        /// An object a line.
        case json
    }

    /// Nothing below it is said.
    public var level = Level.info
    public var format = Format.text

    public init() {}
}

/// Which queries are told in the query log, and where that is.
public struct QueryLogSettings: Sendable, Hashable {
    public enum Choice: String, Sendable, Hashable, CaseIterable {
        case off
        /// Those that ended in an error, or whose answer broke off.
        case failed
        /// Those that took `slowAfter` or longer, and those that failed.
        case slow
        case all
    }

    public var queries = Choice.off
    /// nil: standard error, beside the log.
    public var file: String?
    public var slowAfter = Duration.seconds(5)

    public init() {}
}

/// Where spans of requests are sent; nothing is recorded without it.
public struct TracingSettings: Sendable, Hashable {
    /// Of a collector that takes OTLP over HTTP.
    public var endpoint: ServerURL
    /// The share of traces that is recorded of those that begin here, from 0 to 1. A client that
    /// tells a trace decides for itself.
    public var sampling = 1.0
    /// Sent with each export.
    public var headers: [NamedSecret] = []

    public init(endpoint: ServerURL) { self.endpoint = endpoint }
}
