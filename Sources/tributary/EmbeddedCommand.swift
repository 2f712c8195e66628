import ArgumentParser
import EmbeddedPrometheus
import Foundation
import Projects
import PrometheusHTTP

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
        let files = SampleFiles(store: store, scriptStart: loadStart * 1000)
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
