import ArgumentParser
import Gateway
import Logging
import Projects
import PrometheusHTTP

/// `tributary serve --config FILE`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the projects of a configuration.")

    @Option(help: "A configuration file or a kind: Coroot custom resource.")
    var config: String
    @Option(help: "Listen on HOST:PORT instead of the configured address.")
    var listen: String?
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        var address: ListenAddress?
        if let listen {
            address = ListenAddress(listen)
            guard address != nil else {
                throw ValidationError("\(listen) is not an address; write HOST:PORT.")
            }
        }
        let file = ServedFile(path: config, address: address, options: options)
        do {
            let store = try await file.store()
            let configuration = try await file.load(
                existing: try await store?.contents().regularProjects ?? [])
            for note in configuration.notes { Console.say("\(config): note: \(note)") }
            try await Serving.run(configuration, store: store, source: file.source)
        } catch let refused as ConfigurationSource.Refused {
            Console.say(refused.description)
            throw Outcome.invalid
        } catch let error as StoreError {
            Console.say(error.description)
            throw Outcome.failure
        }
    }
}

/// Runs a gateway until Ctrl-C or SIGTERM.
enum Serving {
    static func run(
        _ configuration: Configuration, store: (any ProjectStore)? = nil,
        source: ConfigurationSource? = nil,
        onListening: @escaping @Sendable (GatewayApplication, String) async -> Void = { _, _ in }
    ) async throws {
        var logger = Logger(label: "tributary")
        logger.logLevel = .warning
        let application = try await GatewayApplication(
            configuration: configuration, store: store, source: source, logger: logger)
        let server = application.server { port in
            var address = configuration.listenAddress
            address.port = port
            let url = "http://\(address)\(configuration.urlBasePath)"
            announce(application.configuration, url)
            await onListening(application, url)
        }
        do {
            try await server.runHandlingSignals(alongside: application.services)
        } catch {
            Console.say("cannot serve on \(configuration.listenAddress): \(error)")
            throw Outcome.failure
        }
    }

    private static func announce(_ configuration: Configuration, _ url: String) {
        Console.say("tributary listens on \(url)")
        if configuration.authentication == nil {
            Console.say("no auth is configured: every user of this machine may read every project")
        }
        for project in configuration.projects {
            Console.say("  \(url)/p/\(project.name)")
        }
    }
}
