import UpstreamSettings

/// Who may read.
public struct Authentication: Sendable, Hashable {
    public var tokens: [AccessToken]
    /// Everybody who reaches the gateway may read every project without a token.
    public var anonymous: Bool
    /// Where clients send tokens and API keys.
    public var tokenHeader = TokenHeader.any

    /// The header fields of a request that hold a token.
    public enum TokenHeader: String, Sendable, Hashable, CaseIterable {
        /// `X-API-Key`, else `Authorization`.
        case any
        /// `X-API-Key` alone: `Authorization` is for members that are sent it.
        case apiKey = "X-API-Key"
    }

    public init(tokens: [AccessToken] = [], anonymous: Bool = false) {
        self.tokens = tokens
        self.anonymous = anonymous
    }
}

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
    public var rights: TokenRights

    public init(
        name: String, digest: SecretDigest, file: SecretFile? = nil, projects: [String]? = nil,
        isAdministrator: Bool = false, rights: TokenRights = TokenRights()
    ) {
        self.rights = rights
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

/// A key that chooses one regular project and lets it be read.
public struct APIKey: Sendable, Hashable {
    public var key: Secret
    public var description: String

    public init(key: Secret, description: String = "") {
        self.key = key
        self.description = description
    }
}
