import GoText
import UpstreamSettings

/// A project as the store holds it.
public struct StoredProject: Sendable, Equatable {
    /// Without keys: those are held as digests alone.
    public var project: Project
    /// Oldest first.
    public var keys: [StoredKey]
    /// Written by a configuration file at the last start or reload, and read-only while it is.
    public var isFileDefined: Bool

    public init(project: Project, keys: [StoredKey] = [], isFileDefined: Bool = false) {
        self.project = project.asWritten
        self.project.apiKeys = []
        self.keys = keys
        self.isFileDefined = isFileDefined
    }
}

/// An API key as the store holds it.
public struct StoredKey: Sendable, Equatable {
    /// Names the key to people; chosen by chance, and nothing of the key is in it.
    public var id: String
    public var digest: SecretDigest
    public var description: String
    public var created: Timestamp

    public init(id: String, digest: SecretDigest, description: String, created: Timestamp) {
        self.id = id
        self.digest = digest
        self.description = description
        self.created = created
    }
}

/// A gateway access token as the store holds it.
public struct StoredToken: Sendable, Equatable {
    public var name: String
    public var digest: SecretDigest
    /// nil: every project.
    public var projects: [String]?
    /// Whether it may change projects, pools and tokens.
    public var isAdministrator: Bool
    public var rights: TokenRights
    public var created: Timestamp

    public init(
        name: String, digest: SecretDigest, projects: [String]?, isAdministrator: Bool,
        rights: TokenRights = TokenRights(), created: Timestamp
    ) {
        self.rights = rights
        self.name = name
        self.digest = digest
        self.projects = projects
        self.isAdministrator = isAdministrator
        self.created = created
    }
}
