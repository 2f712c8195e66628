/// Why an evaluation failed; `description` is the text Prometheus would give.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// 422 `execution`.
    case execution(String)
    /// 503 `timeout`.
    case timeout(String)
    /// 499 `canceled`.
    case canceled(String)

    public var description: String {
        switch self {
        case .execution(let text), .timeout(let text), .canceled(let text): text
        }
    }
}
