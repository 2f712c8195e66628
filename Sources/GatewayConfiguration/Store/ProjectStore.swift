import Foundation
import UpstreamSettings

/// Where projects, keys, tokens and pools that users make are kept, and what the configuration
/// file's projects were at the last start.
public protocol ProjectStore: Sendable {
    /// Grows with each change, also one that another gateway made.
    func revision() async throws(StoreError) -> Int64

    /// Everything, as of one moment.
    func contents() async throws(StoreError) -> StoreContents

    /// Changes what is there as one transaction; no other change comes between the reading and the
    /// writing, not even another gateway's.
    ///
    /// - Returns: What the edit returned, and the contents after it. An edit that changes nothing
    ///   leaves the revision as it is.
    func change<Outcome: Sendable>(
        _ edit:
            @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents)
}

/// Where a configuration keeps what users make.
public enum StoreLocation: Sendable, Equatable {
    /// A directory for the SQLite file.
    case directory(String)
    case postgres(connectionString: Secret)

    /// PostgreSQL before the directory; nil when nothing is kept.
    public init?(_ configuration: Configuration) {
        if let connectionString = configuration.postgres {
            self = .postgres(connectionString: connectionString)
        } else if let directory = configuration.dataDirectory {
            self = .directory(directory)
        } else {
            return nil
        }
    }

    /// Looks into a configuration file for this alone: whether the rest of it is right depends on
    /// what the store holds. nil when the file names no store, or cannot be read.
    public static func read(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> StoreLocation? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        var reader = ConfigurationReader(
            secrets: SecretFiles(environment: environment), existingProjects: [])
        let substitution = VariableSubstitution(environment: environment)
        let documents = YAMLDocuments(substitution: substitution).read(text, &reader.report)
        guard let root = documents.first, !documents.contains(where: CustomResource.isOne),
            let section = Section<ConfigurationKeys.Root>(root, &reader.report)
        else { return nil }
        var configuration = Configuration()
        reader.readStore(section, into: &configuration)
        return StoreLocation(configuration)
    }
}

extension StoreLocation {
    /// Opens the store, and brings its schema up to date. Every call to it ends within some seconds,
    /// with `StoreError.unavailable` when the database does not answer.
    public func open() async throws(StoreError) -> any ProjectStore {
        switch self {
        case .directory(let path): BoundedStore(base: try SQLiteProjectStore(directory: path))
        case .postgres(let connectionString):
            BoundedStore(
                base: try await PostgresProjectStore(connectionString: connectionString))
        }
    }

    /// What the store holds, for a reader: nothing is made or changed. A store that is
    /// not there yet holds nothing.
    public func present() async throws(StoreError) -> StoreContents {
        switch self {
        case .directory(let path): try await SQLiteProjectStore.present(in: path)
        case .postgres(let connectionString):
            try await PostgresProjectStore.present(at: connectionString)
        }
    }
}

/// Why something in the store could not be read or changed.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The change breaks a rule; nothing was changed.
    case refused(StoreRefusal)
    /// The store cannot be reached or used. Holds no secret.
    case unavailable(String)

    public var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .unavailable(let reason): "the store is not available: \(reason)"
        }
    }
}

/// Which rule a change breaks.
public enum StoreRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was sent is wrong; every error at once.
    case invalid([ConfigurationError])
    case notFound(String)
    /// A name that is in use, or something that others refer to.
    case conflict(String)
    /// Defined in the configuration file, so not to be changed here.
    case readOnly(String)

    /// One thing that is wrong with what was sent.
    static func invalid(_ problem: String, mend: String? = nil) -> StoreRefusal {
        .invalid([ConfigurationError(problem: problem, mend: mend)])
    }

    /// Refuses a name or description of more than one line: it could forge lines of logs, and not
    /// every database can keep every character.
    static func checkLine(_ text: String, _ key: String) throws(StoreRefusal) {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return }
        throw .invalid([ConfigurationError(keyPath: key, problem: "holds a control character")])
    }

    public var description: String {
        switch self {
        case .invalid(let errors):
            // Lines and columns mean nothing in what a program sent.
            errors.map { error in
                var error = error
                error.line = nil
                return error.description
            }.joined(separator: "; ")
        case .notFound(let text), .conflict(let text), .readOnly(let text): text
        }
    }
}

/// What happens inside the transaction of a change, whichever database it is.
enum StoreTransaction {
    static func change<Outcome>(
        _ session: some SQLSession, _ edit: (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) throws -> (outcome: Outcome, contents: StoreContents) {
        let old = try StoreRows.contents(session)
        var contents = old
        let outcome = try edit(&contents)
        guard contents != old else { return (outcome, old) }
        contents.revision = old.revision + 1
        try StoreRows.write(contents, over: old, session)
        return (outcome, contents)
    }
}
