import Foundation
import Gateway
import Projects

/// The configuration file of `serve`, as it is read at start and at each reload.
struct ServedFile: Sendable {
    var path: String
    /// Where to listen instead.
    var address: ListenAddress?
    var secretsDirectory: String?
    /// The file with the settings that go with a custom resource.
    var settings: String?

    init(path: String, address: ListenAddress?, options: ConfigurationOptions) {
        self.path = path
        self.address = address
        secretsDirectory = options.secretsDir
        settings = options.settings
    }

    var source: ConfigurationSource {
        ConfigurationSource { (existing) throws(ConfigurationSource.Refused) in
            try await load(existing: existing)
        }
    }

    /// The store that the file names.
    func store() async throws(StoreError) -> (any ProjectStore)? {
        guard let location = StoreLocation.read(path: settings ?? path) else { return nil }
        return try await location.open()
    }

    /// - Parameter existing: Regular projects of the store, which the file may name.
    func load(
        existing: Set<String>
    ) async throws(ConfigurationSource.Refused) -> Configuration {
        let environment = ProcessInfo.processInfo.environment
        let secrets = SecretFiles(
            directory: secretsDirectory, environment: environment,
            generation: secretsDirectory != nil ? .whenMissing : .never)
        var configuration: Configuration
        do throws(ConfigurationErrors) {
            if let settings {
                configuration = try Configuration.load(
                    resource: path, settings: settings, environment: environment,
                    secrets: secrets, existingProjects: existing)
            } else {
                configuration = try Configuration.load(
                    path: path, environment: environment, secrets: secrets,
                    existingProjects: existing)
            }
        } catch {
            throw ConfigurationSource.Refused(error.description)
        }
        if let address { configuration.listenAddress = address }
        if !configuration.listenAddress.isLoopback, configuration.authentication == nil {
            throw ConfigurationSource.Refused(
                "\(configuration.listenAddress) can be reached from other machines, but auth is not "
                    + "configured; add auth.tokens, or auth: {anonymous: true} to let everybody read"
            )
        }
        configuration.notes += configuration.notesOnOwnAddress(hostNames: OwnHostNames.all)
        return configuration
    }
}
