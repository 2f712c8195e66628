/// Who may read.
public struct Authentication: Sendable, Hashable {
    public var tokens: [AccessToken]
    /// Everybody who reaches the gateway may read every project without a token.
    public var anonymous: Bool

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

/// A key that chooses one regular project and lets it be read.
public struct APIKey: Sendable, Hashable {
    public var key: Secret
    public var description: String

    public init(key: Secret, description: String = "") {
        self.key = key
        self.description = description
    }
}

/// A value that must never be printed. Every way of showing it says `<redacted>`; the value itself
/// is reached only through `exposed`, so that each use can be found by its name.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private enum Origin: Sendable, Hashable {
        case text(String)
        case file(SecretFile)
    }

    private let origin: Origin

    public init(_ value: String) { origin = .text(value) }

    /// The secret that a file holds, whichever it is at the time. Equal are two of one file.
    public init(_ file: SecretFile) { origin = .file(file) }

    /// As of now.
    public var exposed: String {
        switch origin {
        case .text(let text): text
        case .file(let file): file.value
        }
    }

    /// As of now, of a file after it also the one before, which requests under way may carry.
    public var exposedValues: [String] {
        switch origin {
        case .text(let text): [text]
        case .file(let file): file.values
        }
    }

    /// The file that it is read from; nil when it is written in the configuration.
    public var file: SecretFile? {
        switch origin {
        case .text: nil
        case .file(let file): file
        }
    }

    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Compares in a time that depends on the lengths alone, for keys that strangers present.
    public func equalsInConstantTime(_ other: String) -> Bool {
        let mine = Array(exposed.utf8)
        let theirs = Array(other.utf8)
        var difference = mine.count ^ theirs.count
        for index in 0..<max(mine.count, theirs.count) {
            let a = index < mine.count ? mine[index] : 0
            let b = index < theirs.count ? theirs[index] : 0
            difference |= Int(a ^ b)
        }
        return difference == 0
    }
}
