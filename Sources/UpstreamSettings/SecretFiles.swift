import Foundation

/// Secrets that a configuration names but does not hold: files, and the secrets of a custom
/// resource.
///
/// A secret `name`/`key` is the file `DIR/name/key`, as Kubernetes mounts it, else the environment
/// variable `TRIBUTARY_SECRET_<NAME>_<KEY>` (upper case, every other character `_`).
public struct SecretFiles: Sendable {
    public enum RuntimeSnapshot: Sendable, Hashable {
        /// A missing secret of one's own is only reported.
        case never
        /// It is written to `DIR/name/key`, 32 random characters; what exists is never overwritten.
        case whenMissing
    }

    public var directory: String?
    public var environment: [String: String]
    public var generation: RuntimeSnapshot

    public init(
        directory: String? = nil, environment: [String: String] = [:],
        generation: RuntimeSnapshot = .never
    ) {
        self.directory = directory
        self.environment = environment
        self.generation = generation
    }

    package enum Failure: Error, Equatable {
        case missing
        case unreadable(String)

        /// Worded to follow the name of the file.
        package var text: String {
            switch self {
            case .missing: "is missing"
            case .unreadable(let why): why
            }
        }
    }

    /// Where a secret would be looked for, for messages.
    package func places(name: String, key: String) -> String {
        let variable = Self.variable(name: name, key: key)
        guard let directory else { return "environment variable \(variable)" }
        return "\(directory)/\(name)/\(key) or environment variable \(variable)"
    }

    /// - Returns: The secret, and the variable it is in if line ends were left out around it.
    package func secret(
        name: String, key: String
    ) throws(Failure) -> (secret: Secret, trimmedVariable: String?) {
        if let directory {
            do throws(Failure) {
                return (try file("\(directory)/\(name)/\(key)"), nil)
            } catch .missing {
                // The environment is asked next.
            }
        }
        let variable = Self.variable(name: name, key: key)
        let text = environment[variable] ?? ""
        let value = SecretText.trimmed(text)
        guard !value.isEmpty else { throw .missing }
        do throws(SecretText.Problem) {
            try SecretText.check(value)
        } catch {
            throw .unreadable("in environment variable \(variable) \(error.text)")
        }
        return (Secret(value), value.utf8.elementsEqual(text.utf8) ? nil : variable)
    }

    /// The secret in a file, which is looked at again while it is in use.
    ///
    /// - Parameter isWatched: Whether the file was read before, so that it must not be one that
    ///   could make the reader wait.
    package func file(_ path: String, isWatched: Bool = false) throws(Failure) -> Secret {
        let line = try Self.line(of: path, isWatched: isWatched)
        var information = stat()
        // What a pipe held is gone.
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            return Secret(line)
        }
        return Secret(SecretFile.at(path, holding: line))
    }

    /// The one line of a file, without blanks and line ends around it.
    ///
    /// - Parameter isWatched: Whether the file was read before, so that it must not be one that
    ///   could make the reader wait.
    static func line(of path: String, isWatched: Bool) throws(Failure) -> String {
        var bytes = try BoundedFile.bytes(
            of: path, limit: SecretFile.limit, mayWait: !isWatched)[...]
        // As some editors begin a file.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable("is not UTF-8 text")
        }
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !line.isEmpty else { throw .unreadable("is empty") }
        do throws(SecretText.Problem) {
            try SecretText.check(line)
        } catch .lineEnd {
            throw .unreadable("holds more than one line")
        } catch {
            throw .unreadable(error.text)
        }
        return line
    }

    /// Makes a secret that is missing and keeps it for the next start.
    package func generate(name: String, key: String) throws(Failure) -> Secret {
        guard let directory else { throw .missing }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var random = SystemRandomNumberGenerator()
        let value = String((0..<32).map { _ in alphabet[Int.random(in: 0..<62, using: &random)] })
        do throws(PrivateFile.Failure) {
            try PrivateFile.makeDirectory("\(directory)/\(name)")
            // Fails if somebody else made it meanwhile: what exists is never overwritten.
            try PrivateFile.write(value.utf8, to: "\(directory)/\(name)/\(key)")
        } catch {
            throw .unreadable("cannot be written: \(error)")
        }
        return try file("\(directory)/\(name)/\(key)")
    }

    /// Names of secrets are parts of paths, so they may not lead elsewhere.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".."
            && text.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".")
            }
    }

    package static func variable(name: String, key: String) -> String {
        let upper = "\(name)_\(key)".uppercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        return "TRIBUTARY_SECRET_" + String(upper)
    }
}
