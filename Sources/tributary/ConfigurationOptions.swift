import ArgumentParser
import Foundation
import Projects

/// Where secrets of a custom resource are.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        help: "Directory of secrets, DIR/<secret name>/<key>, as Kubernetes mounts them.")
    var secretsDir: String?
    @Option(
        help: "For a custom resource: a configuration file with everything else but projects.")
    var settings: String?

    /// Reads a configuration, or tells everything that is wrong with it and ends.
    ///
    /// - Parameter existing: Regular projects of the store, which the file may name.
    func load(
        _ path: String, generatesSecrets: Bool, existing: Set<String> = []
    ) throws -> Configuration {
        let environment = ProcessInfo.processInfo.environment
        let secrets = SecretFiles(
            directory: secretsDir, environment: environment,
            generation: generatesSecrets && secretsDir != nil ? .whenMissing : .never)
        do throws(ConfigurationErrors) {
            if let settings {
                return try Configuration.load(
                    resource: path, settings: settings, environment: environment, secrets: secrets,
                    existingProjects: existing)
            }
            return try Configuration.load(
                path: path, environment: environment, secrets: secrets, existingProjects: existing)
        } catch {
            Console.say(error.description)
            throw Outcome.invalid
        }
    }
}
