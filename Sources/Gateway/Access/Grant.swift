import Projects

/// What a request may read.
enum Grant: Sendable, Equatable {
    /// Every project: no key is demanded here, and none was brought.
    case everything
    /// The one project that the API key belongs to.
    case project(String)
    /// What the token opens.
    case token(AccessToken)

    func opens(_ project: String) -> Bool {
        switch self {
        case .everything: true
        case .project(let own): own.utf8.elementsEqual(project.utf8)
        case .token(let token): token.opens(project)
        }
    }
}
