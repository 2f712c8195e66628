import PromQLEngine
import PrometheusAPI

extension APIError {
    /// What a failed evaluation means to a client.
    init(_ error: EvaluationError) {
        switch error {
        case .execution(let text): self.init(.execution, text)
        case .timeout(let text): self.init(.timeout, text)
        case .canceled(let text): self.init(.canceled, text)
        }
    }
}
