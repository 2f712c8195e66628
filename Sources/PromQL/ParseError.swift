/// Why a query is refused; `description` is Prometheus's text.
public struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// A text that has no position in the query, or brings its own.
    public init(_ description: String) { self.description = description }

    /// `<line>:<column>: parse error: <text>`, from a byte offset into the query.
    init(_ text: String, at offset: Int, in query: [UInt8]) {
        description = "\(Self.position(of: offset, in: query)): parse error: \(text)"
    }

    static func position(of offset: Int, in query: [UInt8]) -> String {
        var line = 1
        var column = 1
        for byte in query.prefix(max(0, offset)) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return "\(line):\(column)"
    }
}

extension SourceRange {
    /// The start as `line:column`, both from 1, in bytes.
    public func position(in query: String) -> String {
        ParseError.position(of: start, in: Array(query.utf8))
    }
}
