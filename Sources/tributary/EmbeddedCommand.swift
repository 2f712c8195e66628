import ArgumentParser
import EmbeddedPrometheus
import Foundation
import Gateway
import GatewayConfiguration
import GoText
import PromQLScripts
import PrometheusServer
import TimeSeries
import UpstreamSettings

/// `tributary embedded --listen HOST:PORT --load FILE... --scrape JOB=URL...`
struct EmbeddedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedded",
        abstract: "Serves metrics from files and targets as a small Prometheus in memory.",
        discussion: """
            Files are in the OpenMetrics or Prometheus text format, samples without a time standing \
            at the time of loading; or, when their names end in .test, promqltest scripts, of which \
            the load commands are obeyed.
            """)

    @Option(help: "Listen on HOST:PORT; port 0 lets the system choose.")
    var listen = AddressArgument(address: ListenAddress(host: "127.0.0.1", port: 9095))
    @Option(parsing: .upToNextOption, help: "Files with samples.")
    var load: [String] = []
    @Option(help: "Where the first sample of a load command stands, in seconds since 1970.")
    var loadStart: Int64 = 0
    @Option(
        parsing: .upToNextOption,
        help: "Targets to scrape, as JOB=URL or URL, whose job is then \"scrape\".")
    var scrape: [ScrapeArgument] = []
    @Option(help: "Seconds between two scrapes of a target.")
    var scrapeInterval = 15

    func validate() throws {
        guard (1...86_400).contains(scrapeInterval) else {
            throw ValidationError("--scrape-interval is 1 to 86400 seconds.")
        }
        guard abs(loadStart) < 1 << 40 else {
            throw ValidationError("--load-start is not a time in seconds.")
        }
    }

    func run() async throws {
        let store = MemoryStore()
        let files = SampleFiles(
            store: store, scriptStart: Timestamp(milliseconds: loadStart * 1000))
        for path in load { try files.load(path) }
        let targets = scrape.map { argument in
            var target = argument.target
            target.interval = .seconds(scrapeInterval)
            target.timeout = min(target.timeout, target.interval)
            return target
        }
        let address = listen.address
        let service = EmbeddedServer(store: store).service(
            host: address.host, port: address.port
        ) { port in
            var real = address
            real.port = port
            Console.say("embedded Prometheus listens on http://\(real)")
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                if !targets.isEmpty {
                    group.addTask { await Scraper(targets: targets, store: store).run() }
                }
                group.addTask {
                    // However the service ends, scraping ends with it.
                    try await service.runHandlingSignals()
                    throw CancellationError()
                }
                while try await group.next() != nil {}
            }
        } catch is CancellationError {
            return
        } catch {
            Console.say("cannot serve on \(address): \(error)")
            throw Outcome.failure
        }
    }
}

/// The configuration file of `serve`, as it is read at start and at each reload.
struct ServedFile: Sendable {
    var path: String
    /// Where to listen instead.
    var address: ListenAddress?
    var options: ConfigurationOptions

    var source: ConfigurationSource {
        ConfigurationSource { (reading) throws(ConfigurationSource.Refused) in
            try await withCheckedContinuation { continuation in
                // Reading blocks for as long as the file system does.
                Thread.detachNewThread {
                    continuation.resume(returning: Self.result(of: self, reading))
                }
            }.get()
        }
    }

    private static func result(
        of file: ServedFile, _ reading: ConfigurationSource.Reading
    ) -> Result<Configuration, ConfigurationSource.Refused> {
        do throws(ConfigurationSource.Refused) {
            return .success(
                try file.load(
                    existing: reading.existing, former: reading.former,
                    isOfProjectFilesAlone: reading.isOfProjectFilesAlone))
        } catch {
            return .failure(error)
        }
    }

    /// The store that the file names.
    func store() async throws(StoreError) -> (any ProjectStore)? {
        guard let location = StoreLocation.read(path: options.settings ?? path) else { return nil }
        return try await location.open()
    }

    /// - Parameters:
    ///   - existing: Regular projects of the store, which the file may name.
    ///   - former: What is in force; nil at the start.
    func load(
        existing: Set<String>, former: Configuration? = nil, isOfProjectFilesAlone: Bool = false
    ) throws(ConfigurationSource.Refused) -> Configuration {
        let configuration: Configuration
        do throws(ConfigurationErrors) {
            configuration = try options.configuration(
                path, generatesSecrets: true, existing: existing, former: former,
                isOfProjectFilesAlone: isOfProjectFilesAlone)
        } catch {
            throw ConfigurationSource.Refused(error.description)
        }
        return try accepted(configuration)
    }

    func read(existing: Set<String>) throws(ConfigurationErrors) -> Configuration {
        try options.configuration(path, generatesSecrets: true, existing: existing)
    }

    /// The configuration as it is served here.
    ///
    /// - Throws: when it must not be served where it listens.
    func accepted(
        _ read: Configuration
    ) throws(ConfigurationSource.Refused) -> Configuration {
        var configuration = read
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

/// Reads files with samples into a store.
struct SampleFiles {
    var store: MemoryStore
    /// Where the first samples of scripts stand.
    var scriptStart: Timestamp

    /// Says what was read, or what is wrong, on standard error.
    ///
    /// - Throws: `Outcome.invalid` when the file cannot be read or understood.
    func load(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            Console.say("\(path): cannot be read")
            throw Outcome.invalid
        }
        do {
            if path.hasSuffix(".test") {
                try loadScript(String(decoding: data, as: UTF8.self), path)
            } else {
                let summary = store.load(
                    try Exposition(parsing: Array(data)), defaultTime: WallClock.now())
                Console.say("\(path): \(summary.series) series, \(summary.samples) samples")
            }
        } catch {
            Console.say("\(path): \(error)")
            throw Outcome.invalid
        }
    }

    private func loadScript(_ text: String, _ path: String) throws {
        let shift = scriptStart - .epoch
        var (series, samples) = (0, 0)
        for command in try PromQLScript(parsing: text).commands {
            switch command {
            case .clear:
                store.removeAll()
                (series, samples) = (0, 0)
            case .load(let load):
                let loaded = load.series().map { one in
                    var moved = one
                    moved.times = one.times.map { $0 &+ shift }
                    moved.startTimes = one.startTimes.map { $0 == .epoch ? .epoch : $0 &+ shift }
                    return moved
                }
                store.insert(loaded)
                series += loaded.count
                samples += loaded.reduce(0) { $0 + $1.times.count }
            case .evaluate: break
            }
        }
        Console.say("\(path): \(series) series, \(samples) samples")
    }
}

/// `JOB=URL` or `URL` on the command line.
struct ScrapeArgument: ExpressibleByArgument {
    var target: ScrapeTarget

    init?(argument: String) {
        var (job, url) = (Substring("scrape"), argument[...])
        if let equals = argument.firstIndex(of: "="), !argument[..<equals].contains("/") {
            job = argument[..<equals]
            url = argument[argument.index(after: equals)...]
        }
        guard let target = ScrapeTarget(job: String(job), url: String(url)) else { return nil }
        self.target = target
    }
}

/// `HOST:PORT` on the command line.
struct AddressArgument: ExpressibleByArgument {
    var address: ListenAddress

    init(address: ListenAddress) { self.address = address }

    init?(argument: String) {
        guard let address = ListenAddress(argument) else { return nil }
        self.address = address
    }

    var defaultValueDescription: String { address.description }
}
