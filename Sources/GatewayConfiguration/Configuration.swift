import Foundation

/// Everything the gateway is told at start, checked.
public struct Configuration: Sendable, Hashable {
    /// What kind of document it was read from.
    public enum Format: Sendable, Hashable {
        case configurationFile
        /// A `kind: Coroot` custom resource.
        case customResource
    }

    public static let defaultListenAddress = ListenAddress(host: "127.0.0.1", port: 9090)
    public static let defaultPartitionLabel = "project"

    public var format: Format = .configurationFile
    public var listenAddress: ListenAddress = Configuration.defaultListenAddress
    /// "" or a path that begins with a slash and does not end in one.
    public var urlBasePath = ""
    /// Where state that users create is kept; nil for none.
    public var dataDirectory: String?
    /// `postgres.connection_string`: the database that keeps that state instead, so that several
    /// gateways share it.
    public var postgres: Secret?
    /// The project that `/api/v1/…` stands for when no key chooses one.
    public var defaultProject: String?
    /// The label that tells members apart.
    public var partitionLabel = Configuration.defaultPartitionLabel
    /// In the order of the file; every name once.
    public var projects: [Project] = []
    public var clusters: [Cluster] = []
    public var clusterPools: [ClusterPool] = []
    public var clusterPoolAttributes: [ClusterPoolAttribute] = []
    public var clusterPoolAssignments = ClusterPoolAssignments()
    public var bucketRule: BucketRule = .enforce
    /// nil: not configured, so the gateway listens on loopback only.
    public var authentication: Authentication?
    public var query = QuerySettings()
    public var limits = Limits()
    /// What is worth knowing but wrong with nothing: ignored keys, secrets still to be made.
    public var notes: [ConfigurationNote] = []

    public init() {}

    public func project(named name: String) -> Project? { projects.first { $0.name == name } }

    /// What `/api/v1/…` stands for without a key: `defaultProject`, else the only multi-cluster
    /// project, else the only project.
    public var implicitProject: Project? {
        if let defaultProject { return project(named: defaultProject) }
        let aggregates = projects.filter(\.isMultiCluster)
        if aggregates.count == 1 { return aggregates.first }
        return projects.count == 1 ? projects.first : nil
    }
}

extension Configuration {
    /// Reads and checks a configuration file or a `kind: Coroot` custom resource.
    ///
    /// - Parameters:
    ///   - environment: Values for `${NAME}`.
    ///   - secrets: Where the secrets of a custom resource are; the environment alone by default.
    ///   - existingProjects: Regular projects that are known from elsewhere and may be members.
    /// - Throws: Everything wrong with it, at once.
    public static func load(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        secrets: SecretFiles? = nil, existingProjects: Set<String> = []
    ) throws(ConfigurationErrors) -> Configuration {
        try parse(
            try text(of: path), path: path, environment: environment, secrets: secrets,
            existingProjects: existingProjects)
    }

    /// Reads a custom resource and, from a file beside it, what such a resource has no place for:
    /// address, access, limits and every other key but `projects`.
    ///
    /// - Throws: Everything wrong with the resource; if nothing is, with the settings.
    public static func load(
        resource path: String, settings: String,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        secrets: SecretFiles? = nil, existingProjects: Set<String> = []
    ) throws(ConfigurationErrors) -> Configuration {
        let resource = try load(
            path: path, environment: environment, secrets: secrets,
            existingProjects: existingProjects)
        guard resource.format == .customResource else {
            throw ConfigurationErrors(
                path: path,
                errors: [
                    ConfigurationError(
                        problem: "is no custom resource, so it has its settings in itself",
                        mend: "move the settings there")
                ])
        }
        var reader = ConfigurationReader(
            secrets: secrets ?? SecretFiles(environment: environment),
            existingProjects: existingProjects)
        reader.resourceProjects = resource.projects
        var whole = try parse(
            try text(of: settings), path: settings, environment: environment, with: &reader)
        whole.format = .customResource
        whole.notes = resource.notes + whole.notes
        return whole
    }

    private static func text(of path: String) throws(ConfigurationErrors) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            let problem = exists ? "the file cannot be read as UTF-8 text" : "there is no such file"
            throw ConfigurationErrors(path: path, errors: [ConfigurationError(problem: problem)])
        }
    }

    private static func parse(
        _ text: String, path: String, environment: [String: String],
        with reader: inout ConfigurationReader
    ) throws(ConfigurationErrors) -> Configuration {
        let substitution = VariableSubstitution(environment: environment)
        let documents = YAMLDocuments(substitution: substitution).read(text, &reader.report)
        let configuration = reader.read(documents)
        let errors = reader.report.sortedErrors
        guard errors.isEmpty else { throw ConfigurationErrors(path: path, errors: errors) }
        return configuration
    }

    /// As `load`, for text that was read already; `path` only appears in errors.
    public static func parse(
        _ text: String, path: String, environment: [String: String] = [:],
        secrets: SecretFiles? = nil, existingProjects: Set<String> = []
    ) throws(ConfigurationErrors) -> Configuration {
        var reader = ConfigurationReader(
            secrets: secrets ?? SecretFiles(environment: environment),
            existingProjects: existingProjects)
        return try parse(text, path: path, environment: environment, with: &reader)
    }
}
