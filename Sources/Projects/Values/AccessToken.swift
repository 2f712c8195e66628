/// A token of a person or of Grafana, for the projects it names.
public struct AccessToken: Sendable, Hashable {
    public var name: String
    public var token: Secret
    /// nil: every project.
    public var projects: [String]?

    public init(name: String, token: Secret, projects: [String]? = nil) {
        self.name = name
        self.token = token
        self.projects = projects
    }

    /// Whether this token opens a project.
    public func opens(_ project: String) -> Bool { projects?.contains(project) ?? true }
}
