public import GoText

/// A refusal in Loki's shape: the bare text, as `text/plain`.
public struct LokiError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status.
    public var status: Int
    /// The body.
    public var text: String

    public init(status: Int, text: String) {
        self.status = status
        self.text = text
    }

    public static let contentType = "text/plain; charset=utf-8"
    public var description: String { text }

    public static func badRequest(_ text: String) -> LokiError {
        LokiError(status: 400, text: text)
    }

    /// What a log query gets at `query`.
    public static let logQueryAtInstant = badRequest(
        "log queries are not supported as an instant query type, please change your query to a "
            + "range query type")

    /// What a query with a pipeline gets where selectors alone are known.
    public static let onlyMatchers = badRequest("only label matchers are supported")

    /// What a request for Parquet gets.
    public static let parquet = badRequest(
        "support for Parquet encoded responses is disabled. "
            + "Enable with -frontend.support-parquet-encoding=true")

    /// What an unknown path gets.
    public static let notFound = LokiError(status: 404, text: "404 page not found\n")

    /// What a request without a valid key gets.
    public static let unauthorized = LokiError(status: 401, text: "no org id\n")

    /// What a metric query gets at `tail`: the reason in the frame that closes the socket.
    public static let onlySelectorsAtTail = badRequest("only log selector is supported")
}

/// Why the answer of a member cannot be used. The texts follow the member's name.
public enum LokiAnswerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Something else than Loki's API answered: a page in HTML, say.
    case notLoki(String)
    /// The answer ends before it is whole.
    case incomplete
    case malformed(String)
    /// More of something than is allowed.
    case tooLarge(String)
    /// A sample, at this time, where no step was asked for.
    case offGrid(Timestamp)
    /// An answer of another type than the query has.
    case unexpectedType(String)
    /// The body says that the query failed.
    case refused(String)

    public var description: String {
        switch self {
        case .notLoki(let found): "not a Loki API: \(found)"
        case .incomplete: "the answer ends before it is whole"
        case .malformed(let reason): "malformed answer: \(reason)"
        case .tooLarge(let reason): "answer too large: \(reason)"
        case .offGrid(let time):
            "it has a sample at \(RFC3339.text(time)), where none was asked for"
        case .unexpectedType(let type): "answer of an unexpected type: \(type)"
        case .refused(let text): text
        }
    }
}
