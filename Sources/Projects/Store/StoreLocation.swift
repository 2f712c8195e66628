import Foundation

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
