import Crypto

/// A project as the store holds it.
public struct StoredProject: Sendable, Equatable {
    /// Without keys: those are held as digests alone.
    public var project: Project
    /// Oldest first.
    public var keys: [StoredKey]
    /// Written by a configuration file at the last start or reload, and read-only while it is.
    public var isFileDefined: Bool

    public init(project: Project, keys: [StoredKey] = [], isFileDefined: Bool = false) {
        self.project = project
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
    /// Milliseconds since the epoch.
    public var created: Int64

    public init(id: String, digest: SecretDigest, description: String, created: Int64) {
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
    /// Milliseconds since the epoch.
    public var created: Int64

    public init(
        name: String, digest: SecretDigest, projects: [String]?, isAdministrator: Bool,
        created: Int64
    ) {
        self.name = name
        self.digest = digest
        self.projects = projects
        self.isAdministrator = isAdministrator
        self.created = created
    }
}

/// SHA-256 of a key or token: all that is kept of those made here, and what strangers' keys are
/// compared by. Keys made here have 190 bits of chance, so that no slower hash is needed.
public struct SecretDigest: Sendable, Hashable, CustomStringConvertible {
    private static let prefix = "sha256:"

    private let bytes: [UInt8]

    public init(of secret: Secret) { self.init(ofText: secret.exposed) }

    public init(ofText text: String) { bytes = Array(SHA256.hash(data: Array(text.utf8))) }

    /// Reads `sha256:` and 64 hexadecimal digits; nil for anything else.
    public init?(written text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let digits = Array(text.utf8.dropFirst(Self.prefix.utf8.count))
        guard digits.count == 2 * SHA256.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard pair.first?.isHexDigit == true, let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// As `init(written:)` reads it. For the store alone: it is as good as the key to somebody who
    /// can guess keys.
    public var written: String {
        Self.prefix
            + bytes.map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
    }

    public var description: String { "<redacted>" }

    /// Compares in a time that does not depend on the bytes.
    public func equalsInConstantTime(_ other: SecretDigest) -> Bool {
        var difference: UInt8 = 0
        for (mine, theirs) in zip(bytes, other.bytes) { difference |= mine ^ theirs }
        return difference == 0
    }
}

extension Secret {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    /// A new key: 32 letters and digits from the system's source of chance.
    public static func random() -> Secret { Secret(randomText(count: 32)) }

    static func randomText(count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return String(
            (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
    }
}
