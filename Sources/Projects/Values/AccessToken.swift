/// A token of a person or of Grafana, for the projects it names.
public struct AccessToken: Sendable, Hashable {
    public var name: String
    private var written: SecretDigest
    /// The file that holds the token, if one does.
    public var file: SecretFile?
    /// nil: every project.
    public var projects: [String]?
    /// Whether it may change projects, pools and tokens, and reload the configuration.
    public var isAdministrator: Bool

    public init(
        name: String, digest: SecretDigest, file: SecretFile? = nil, projects: [String]? = nil,
        isAdministrator: Bool = false
    ) {
        self.name = name
        written = digest
        self.file = file
        self.projects = projects
        self.isAdministrator = isAdministrator
    }

    /// All that is told of the token itself, as of now.
    public var digest: SecretDigest { file?.digest ?? written }

    /// Whether this token opens a project.
    public func opens(_ project: String) -> Bool { projects?.contains(project) ?? true }
}
