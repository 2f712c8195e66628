import Projects
import PrometheusHTTP

/// Who may read which project.
struct AccessControl: Sendable {
    /// Why a request is turned away; 401 in Prometheus's error shape.
    enum Refusal: Error, Equatable {
        case missing
        case unknown

        var text: String {
            switch self {
            case .missing: "an API key or a token is needed"
            case .unknown: "the API key or token is not valid"
            }
        }
    }

    private let tokens: [AccessToken]
    private let keys: [(project: String, key: Secret)]
    private let needsCredential: Bool

    init(_ configuration: Configuration) {
        tokens = configuration.authentication?.tokens ?? []
        keys = configuration.projects.flatMap { project in
            project.apiKeys.map { (project.name, $0.key) }
        }
        needsCredential = configuration.authentication.map { !$0.anonymous } ?? false
    }

    /// What a request with these headers may read. A credential that is brought must be right, also
    /// where none is needed.
    func grant(for headers: HTTPHeaders) throws(Refusal) -> Grant {
        guard let credential = Credential(headers) else {
            if needsCredential { throw .missing }
            return .everything
        }
        // Every key is compared, so that the time says nothing about which one came near.
        var grant: Grant?
        for token in tokens where token.token.equalsInConstantTime(credential.text) {
            grant = .token(token)
        }
        for (project, key) in keys where key.equalsInConstantTime(credential.text) {
            grant = .project(project)
        }
        guard let grant else { throw .unknown }
        return grant
    }
}
