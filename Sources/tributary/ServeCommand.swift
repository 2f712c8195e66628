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
        var configuration = try options.load(config, generatesSecrets: true)
        for note in configuration.notes { Console.say("\(config): note: \(note)") }
        if let listen {
            guard let address = ListenAddress(listen) else {
                throw ValidationError("\(listen) is not an address; write HOST:PORT.")
            }
            configuration.listenAddress = address
        }
        if !configuration.listenAddress.isLoopback, configuration.authentication == nil {
            Console.say(
                "\(configuration.listenAddress) can be reached from other machines, but auth is not "
                    + "configured; add auth.tokens, or auth: {anonymous: true} to let everybody read"
            )
            throw Outcome.invalid
        }
        try await Serving.run(configuration)
    }
}

/// Runs a gateway until Ctrl-C or SIGTERM.
enum Serving {
    static func run(
        _ configuration: Configuration,
        onListening: @escaping @Sendable (GatewayApplication, String) async -> Void = { _, _ in }
    ) async throws {
        var logger = Logger(label: "tributary")
        logger.logLevel = .warning
        let application = try GatewayApplication(configuration: configuration, logger: logger)
        let server = application.server { port in
            var address = configuration.listenAddress
            address.port = port
            let url = "http://\(address)\(configuration.urlBasePath)"
            announce(configuration, url)
            await onListening(application, url)
        }
        do {
            try await server.runHandlingSignals()
        } catch {
            Console.say("cannot serve on \(configuration.listenAddress): \(error)")
            throw Outcome.failure
        }
    }

    private static func announce(_ configuration: Configuration, _ url: String) {
        Console.say("tributary listens on \(url)")
        if configuration.authentication == nil {
            Console.say("no auth is configured: whoever is on this machine may read every project")
        }
        for project in configuration.projects {
            Console.say("  \(url)/p/\(project.name)")
        }
    }
}
