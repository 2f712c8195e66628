/// A token of a person or of Grafana, for the projects it names.
public struct AccessToken: Sendable, Hashable {
    public var name: String
    /// All that is kept of the token itself.
    public var digest: SecretDigest
    /// nil: every project.
    public var projects: [String]?
    /// Whether it may change projects, pools and tokens, and reload the configuration.
    public var isAdministrator: Bool

    public init(
        name: String, digest: SecretDigest, projects: [String]? = nil,
        isAdministrator: Bool = false
    ) {
        self.name = name
        self.digest = digest
        self.projects = projects
        self.isAdministrator = isAdministrator
    }

    /// Whether this token opens a project.
    public func opens(_ project: String) -> Bool { projects?.contains(project) ?? true }
}
