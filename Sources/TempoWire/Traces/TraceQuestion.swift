public import PrometheusWire

/// A request for one trace. Every member is asked, for a trace crosses clusters.
public struct TraceQuestion: Sendable {
    public let id: TraceID
    private let bounds: [RequestPair]

    /// - Parameter id: as the path has it.
    /// - Throws: what Tempo says of a wrong id or time.
    public init(id: String, _ reader: ParameterReader) throws(TempoError) {
        self.id = try TraceID(id)
        let parameters = TempoParameters(reader: reader)
        let start = try parameters.signed("start")
        let end = try parameters.signed("end")
        // One bound alone is taken as it is.
        if start != nil, end != nil { try TempoParameters.check(start: start, end: end) }
        bounds = parameters.pairs("start", "end")
    }

    /// Parameters for every member.
    public var pairs: [(name: String, value: String)] { bounds.tuples }

    /// The path at a member, below its address. What it answers is wanted as protobuf.
    public func path(version: TraceVersion) -> String {
        switch version {
        case .v1: "/api/traces/\(id.hexadecimal)"
        case .v2: "/api/v2/traces/\(id.hexadecimal)"
        }
    }
}
