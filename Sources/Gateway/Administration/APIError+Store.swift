import Projects
import PrometheusAPI

extension APIError {
    /// What the API answers when the store refuses or fails.
    init(_ error: StoreError) {
        switch error {
        case .refused(let refusal):
            switch refusal {
            case .invalid: self.init(.badData, refusal.description)
            case .notFound: self.init(.notFound, refusal.description)
            case .conflict: self.init(.conflict, refusal.description)
            case .readOnly: self.init(.forbidden, refusal.description)
            }
        case .unavailable: self.init(.unavailable, error.description)
        }
    }
}
