import ArgumentParser
import Dispatch
import Foundation
import Gateway
import GatewayConfiguration
import GatewayLog
import GoText
import Logging
import PrometheusServer
import ServiceLifecycle
import UpstreamSettings
import WebPage

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `tributary serve --config FILE`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the projects of a configuration.")

    @Option(help: "A configuration file or a kind: Coroot custom resource.")
    var config: String
    @Option(help: "Listen on HOST:PORT instead of the configured address.")
    var listen: String?
    @Option(
        name: .customLong("web-dir"),
        help: "Where the files of the web page are, before web.dir.")
    var webDirectory: String?
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var logOptions: LogOptions

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
            let existing = try await store?.contents().regularProjects ?? []
            let configuration = try file.accepted(try file.read(existing: existing))
            let log = try GatewayLog(overrides: logOptions.overrides)
            try log.apply(configuration)
            for note in configuration.notes { log.logger().notice("\(config): note: \(note)") }
            let page = try PageRoutes.Content(configuration.web, directory: webDirectory)
            try await Serving.run(
                configuration, log, store: store, source: file.source, page: page)
        } catch let errors as ConfigurationErrors {
            Console.say(errors.findings.text)
            throw Outcome.invalid
        } catch let refused as ConfigurationSource.Refused {
            Console.say(refused.description)
            throw Outcome.invalid
        } catch let error as WebPage.Unusable {
            Console.say("\(config): the web page cannot be served: \(error)")
            throw Outcome.invalid
        } catch let error as LogWriter.Unwritable {
            Console.say("\(config): query.logFile cannot be written to: \(error)")
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
        _ configuration: Configuration, _ log: GatewayLog, store: (any ProjectStore)? = nil,
        source: ConfigurationSource? = nil, page: PageRoutes.Content = .disabled,
        onListening: @escaping @Sendable (GatewayApplication, String) async -> Void = { _, _ in }
    ) async throws {
        let logger = log.logger()
        defer { log.flush() }
        logger.notice(
            "tributary starts",
            metadata: [
                "version": "\(ProductVersion.text)", "config_hash": "\(configuration.fingerprint)",
                "projects": "\(configuration.projects.count)",
            ])
        let application = try await GatewayApplication(
            configuration: configuration, store: store, source: source, logger: logger, log: log,
            page: page)
        let server = application.server { port in
            var address = configuration.listenAddress
            address.port = port
            let scheme = configuration.tls == nil ? "http" : "https"
            let url = "\(scheme)://\(address)\(configuration.urlBasePath)"
            announce(application.configuration, url, logger)
            if case .missing = page {
                logger.notice(
                    """
                    the web page is not installed; --web-dir or web.dir names its directory, and \
                    web.enabled: false turns it off
                    """)
            }
            SystemdNotice()?.send("READY=1")
            await onListening(application, url)
        }
        let deadline = StopDeadline(
            grace: configuration.limits.shutdownGrace, log: log)
        defer { withExtendedLifetime(deadline) {} }
        do {
            try await server.runHandlingSignals(
                alongside: application.services
                    + [StopNotice(logger: logger, grace: configuration.limits.shutdownGrace)])
            logger.notice("tributary has stopped")
        } catch {
            logger.critical("cannot serve on \(configuration.listenAddress): \(error)")
            throw Outcome.failure
        }
    }

    private static func announce(
        _ configuration: Configuration, _ url: String, _ logger: Logger
    ) {
        logger.notice("tributary listens on \(url)")
        if configuration.authentication == nil {
            logger.warning(
                "no auth is configured: every user of this machine may read every project")
        }
        for project in configuration.projects {
            logger.debug("a project is served", metadata: ["url": "\(url)/p/\(project.name)"])
        }
    }
}

/// Says that the gateway was told to stop.
private struct StopNotice: Service {
    let logger: Logger
    let grace: Duration

    func run() async {
        // The error says that the task was cancelled, as where another service failed.
        guard (try? await gracefulShutdown()) != nil else { return }
        SystemdNotice()?.send("STOPPING=1")
        logger.notice(
            "tributary stops; requests under way may end",
            metadata: ["grace_ms": "\(grace.wholeMilliseconds)"])
    }
}

/// What is said of the log on the command line.
struct LogOptions: ParsableArguments {
    @Option(
        help: "The least level that is logged, before log.level: debug, info, warning or error.")
    var logLevel: LogSettings.Level?
    @Option(help: "How the log is written, before log.format: text or json.")
    var logFormat: LogSettings.Format?

    var overrides: GatewayLog.Overrides {
        GatewayLog.Overrides(level: logLevel, format: logFormat)
    }
}

extension LogSettings.Level: ExpressibleByArgument {}
extension LogSettings.Format: ExpressibleByArgument {}

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
        do throws(ConfigurationErrors) {
            return try configuration(path, generatesSecrets: generatesSecrets, existing: existing)
        } catch {
            Console.say(error.findings.text)
            throw Outcome.invalid
        }
    }

    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - existing: Regular projects of the store, which the file may name.
    ///   - former: What is in force; nil at the start.
    ///   - isOfProjectFilesAlone: Whether the configuration file is what it was for `former`.
    func configuration(
        _ path: String, generatesSecrets: Bool, existing: Set<String>,
        former: Configuration? = nil, isOfProjectFilesAlone: Bool = false
    ) throws(ConfigurationErrors) -> Configuration {
        let environment = ProcessInfo.processInfo.environment
        let secrets = SecretFiles(
            directory: secretsDir, environment: environment,
            generation: generatesSecrets && secretsDir != nil ? .whenMissing : .never)
        if let settings {
            return try Configuration.load(
                resource: path, settings: settings, environment: environment, secrets: secrets,
                existingProjects: existing)
        }
        return try Configuration.load(
            path: path, environment: environment, secrets: secrets, existingProjects: existing,
            former: former, isOfProjectFilesAlone: isOfProjectFilesAlone)
    }
}

/// Ends the process a fixed time after SIGINT or SIGTERM, when it has not ended by itself. It runs on a
/// queue of its own, since all threads that tasks share may be busy or blocked.
struct StopDeadline {
    /// A shorter grace counts as this one.
    private static let least = Duration.seconds(1)
    /// What of the grace is kept for the end itself.
    private static let last = Duration.milliseconds(250)

    private let sources: [any DispatchSourceSignal]

    /// - Parameters:
    ///   - grace: From the signal to the end.
    ///   - log: Where an end by force is said.
    init(grace: Duration, log: GatewayLog) {
        let grace = max(grace, Self.least)
        let queue = DispatchQueue(label: "stop-deadline")
        sources = [SIGINT, SIGTERM].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                let time = DispatchTimeInterval.milliseconds(
                    Int((grace - Self.last).wholeMilliseconds))
                queue.asyncAfter(deadline: .now() + time) {
                    Self.end(after: grace, log)
                }
            }
            source.resume()
            return source
        }
    }

    private static func end(after grace: Duration, _ log: GatewayLog) {
        // Writing may wait too, for one who reads no more.
        DispatchQueue.global().async {
            let seconds = grace / .seconds(1)
            log.logger().critical(
                """
                something did not end within limits.shutdownGrace (\(seconds) s) of the signal; the \
                process ends without it
                """)
            log.flush()
        }
        usleep(100_000)
        _exit(1)
    }
}
