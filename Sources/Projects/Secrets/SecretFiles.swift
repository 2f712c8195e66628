import Foundation

/// Secrets that a configuration names but does not hold: files, and the secrets of a custom
/// resource.
///
/// A secret `name`/`key` is the file `DIR/name/key`, as Kubernetes mounts it, else the environment
/// variable `TRIBUTARY_SECRET_<NAME>_<KEY>` (upper case, every other character `_`).
public struct SecretFiles: Sendable {
    public enum Generation: Sendable, Hashable {
        /// A missing secret of one's own is only reported.
        case never
        /// It is written to `DIR/name/key`, 32 random characters; what exists is never overwritten.
        case whenMissing
    }

    public var directory: String?
    public var environment: [String: String]
    public var generation: Generation

    public init(
        directory: String? = nil, environment: [String: String] = [:],
        generation: Generation = .never
    ) {
        self.directory = directory
        self.environment = environment
        self.generation = generation
    }

    enum Failure: Error, Equatable {
        case missing
        case unreadable(String)
    }

    /// Where a secret would be looked for, for messages.
    func places(name: String, key: String) -> String {
        let variable = Self.variable(name: name, key: key)
        guard let directory else { return "environment variable \(variable)" }
        return "\(directory)/\(name)/\(key) or environment variable \(variable)"
    }

    func secret(name: String, key: String) throws(Failure) -> Secret {
        if let directory {
            do throws(Failure) {
                return try file("\(directory)/\(name)/\(key)")
            } catch .missing {
                // The environment is asked next.
            }
        }
        guard let value = environment[Self.variable(name: name, key: key)], !value.isEmpty else {
            throw .missing
        }
        return Secret(value)
    }

    /// The first line of a file, without blanks around it.
    func file(_ path: String) throws(Failure) -> Secret {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw .unreadable("cannot be read as text")
        }
        let line = text.split(whereSeparator: \.isNewline).first ?? ""
        let value = line.trimmingCharacters(in: .whitespaces)
        guard !value.isEmpty else { throw .unreadable("is empty") }
        return Secret(value)
    }

    /// Makes a secret that is missing and keeps it for the next start.
    func generate(name: String, key: String) throws(Failure) -> Secret {
        guard let directory else { throw .missing }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var random = SystemRandomNumberGenerator()
        let value = String((0..<32).map { _ in alphabet[Int.random(in: 0..<62, using: &random)] })
        let folder = URL(fileURLWithPath: "\(directory)/\(name)")
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
            // Fails if somebody else made it meanwhile: what exists is never overwritten.
            try Data(value.utf8).write(
                to: folder.appendingPathComponent(key), options: .withoutOverwriting)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: "\(directory)/\(name)/\(key)")
        } catch {
            throw .unreadable("cannot be written")
        }
        return Secret(value)
    }

    /// Names of secrets are parts of paths, so they may not lead elsewhere.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".."
            && text.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".")
            }
    }

    static func variable(name: String, key: String) -> String {
        let upper = "\(name)_\(key)".uppercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        return "TRIBUTARY_SECRET_" + String(upper)
    }
}
