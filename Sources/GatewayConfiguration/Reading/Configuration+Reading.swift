import Foundation
import UpstreamSettings

extension Configuration {
    /// Reads and checks a configuration file or a `kind: Coroot` custom resource.
    ///
    /// - Parameters:
    ///   - environment: Values for `${NAME}`.
    ///   - secrets: Where the secrets of a custom resource are; the environment alone by default.
    ///   - existingProjects: Regular projects that are known from elsewhere and may be members.
    ///   - former: What is in force, of which project files that are wrong now stay as they are; nil
    ///     at the start, where such a file is an error.
    ///   - isOfProjectFilesAlone: Whether only the project files are read again. The configuration
    ///     file counts as it was when `former` was read.
    /// - Throws: Everything wrong with it, at once.
    public static func load(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        secrets: SecretFiles? = nil, existingProjects: Set<String> = [],
        former: Configuration? = nil, isOfProjectFilesAlone: Bool = false
    ) throws(ConfigurationErrors) -> Configuration {
        let text =
            if let former, isOfProjectFilesAlone { former.projectFiles.configurationText.text } else
            {
                try text(of: path)
            }
        return try parse(
            text, path: path, environment: environment, secrets: secrets,
            existingProjects: existingProjects, former: former)
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
        try parse(
            text, path: path, environment: environment, secrets: secrets,
            existingProjects: existingProjects, former: nil)
    }

    /// - Parameter former: What is in force; nil at the start.
    static func parse(
        _ text: String, path: String, environment: [String: String], secrets: SecretFiles?,
        existingProjects: Set<String>, former: Configuration?
    ) throws(ConfigurationErrors) -> Configuration {
        var files = ProjectFileReading()
        let directory = (path as NSString).deletingLastPathComponent
        files.base = directory.isEmpty ? "." : directory
        files.substitution = VariableSubstitution(environment: environment)
        files.former = former?.projectFiles
        // Each attempt keeps at least one file more as it was.
        while true {
            var reader = ConfigurationReader(
                secrets: secrets ?? SecretFiles(environment: environment),
                existingProjects: existingProjects)
            reader.projectFiles = files
            do throws(ConfigurationErrors) {
                var configuration = try parse(
                    text, path: path, environment: environment, with: &reader)
                configuration.projectFiles.configurationText = ConfigurationText(text: text)
                return configuration
            } catch {
                files = reader.projectFiles
                guard files.keepFormer(after: error.errors, path: path) else { throw error }
            }
        }
    }
}

extension ClusterPoolAttribute {
    /// Reads a file of one record. Unknown keys are errors, and every error is told at once.
    public static func load(
        path: String, environment: [String: String] = [:]
    ) throws(ConfigurationErrors) -> ClusterPoolAttribute {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            let problem = exists ? "the file cannot be read as UTF-8 text" : "there is no such file"
            throw ConfigurationErrors(path: path, errors: [ConfigurationError(problem: problem)])
        }
        return try parse(text, path: path, environment: environment)
    }

    /// As `load`, for text that was read already; `path` only appears in errors.
    public static func parse(
        _ text: String, path: String, environment: [String: String] = [:]
    ) throws(ConfigurationErrors) -> ClusterPoolAttribute {
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: [])
        let substitution = VariableSubstitution(environment: environment)
        let documents = YAMLDocuments(substitution: substitution).read(text, &reader.report)
        let attribute = documents.first.flatMap { reader.readPoolAttribute($0) }
        if documents.isEmpty, reader.report.errors.isEmpty {
            reader.report.error(
                ConfigurationError(
                    problem: "the file is empty",
                    mend: "it needs project, domain and clusterPoolName"))
        }
        if documents.count > 1 {
            reader.report.error(
                at: documents[1], "a second document begins here", mend: "keep one record a file")
        }
        let errors = reader.report.sortedErrors
        guard let attribute, errors.isEmpty else {
            throw ConfigurationErrors(path: path, errors: errors)
        }
        return attribute
    }
}
