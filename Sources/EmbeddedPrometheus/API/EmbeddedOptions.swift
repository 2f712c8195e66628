public import PromQL
public import PromQLEngine

/// How an embedded server answers.
public struct EmbeddedOptions: Sendable {
    public var engine = EngineOptions()
    public var parser = ParserOptions.everything
    /// What a query may take; a request's `timeout` can only shorten it.
    public var queryTimeout: Duration = .seconds(120)
    /// Points a series of a range query.
    public var maximumPoints: Int64 = 11_000
    /// The Prometheus version whose behaviour is claimed in `status/buildinfo`.
    public var version = "3.14.0"

    public init() {}
}
