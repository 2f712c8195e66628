import Foundation

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
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            let problem = exists ? "the file cannot be read as UTF-8 text" : "there is no such file"
            throw ConfigurationErrors(path: path, errors: [ConfigurationError(problem: problem)])
        }
        return try parse(
            text, path: path, environment: environment, secrets: secrets,
            existingProjects: existingProjects)
    }

    /// As `load`, for text that was read already; `path` only appears in errors.
    public static func parse(
        _ text: String, path: String, environment: [String: String] = [:],
        secrets: SecretFiles? = nil, existingProjects: Set<String> = []
    ) throws(ConfigurationErrors) -> Configuration {
        var reader = ConfigurationReader(
            secrets: secrets ?? SecretFiles(environment: environment),
            existingProjects: existingProjects)
        let substitution = VariableSubstitution(environment: environment)
        let documents = YAMLDocuments(substitution: substitution).read(text, &reader.report)
        let configuration = reader.read(documents)
        let errors = reader.report.sortedErrors
        guard errors.isEmpty else { throw ConfigurationErrors(path: path, errors: errors) }
        return configuration
    }
}
