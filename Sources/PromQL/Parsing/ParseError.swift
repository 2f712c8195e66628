/// Why a query is refused, in the words of Prometheus.
public struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reason alone.
    public let message: String
    /// The part of the query at fault; `.none` when there is no such part.
    public let range: SourceRange
    /// The whole text, mostly `<line>:<column>: parse error: <message>`.
    public let description: String

    /// A text that has no position in the query, or brings its own.
    public init(_ description: String, range: SourceRange = .none) {
        message = description
        self.range = range
        self.description = description
    }

    /// An error of a query, with its position.
    init(_ message: String, at range: SourceRange, in query: [UInt8]) {
        self.message = message
        self.range = range
        let position = query.isEmpty ? "unknown position" : range.position(in: query)
        description = "\(position): parse error: \(message)"
    }
}
