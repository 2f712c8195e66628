import ArgumentParser
import EmbeddedPrometheus
import Foundation
import Projects
import PrometheusHTTP

/// `tributary embedded --listen HOST:PORT --load FILE...`
struct EmbeddedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedded",
        abstract: "Serves metrics from files as a small Prometheus in memory.")

    @Option(help: "Listen on HOST:PORT; port 0 lets the system choose.")
    var listen = AddressArgument(address: ListenAddress(host: "127.0.0.1", port: 9095))
    @Option(parsing: .upToNextOption, help: "Files in the OpenMetrics or Prometheus text format.")
    var load: [String] = []

    func run() async throws {
        let store = MemoryStore()
        for path in load { try read(path, into: store) }
        let address = listen.address
        let service = EmbeddedServer(store: store).service(
            host: address.host, port: address.port
        ) { port in
            var real = address
            real.port = port
            Console.say("embedded Prometheus listens on http://\(real)")
        }
        do {
            try await service.runHandlingSignals()
        } catch {
            Console.say("cannot serve on \(address): \(error)")
            throw Outcome.failure
        }
    }

    private func read(_ path: String, into store: MemoryStore) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            Console.say("\(path): cannot be read")
            throw Outcome.invalid
        }
        do {
            let page = try Exposition(parsing: Array(data))
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let summary = store.load(page, defaultTime: now)
            Console.say("\(path): \(summary.series) series, \(summary.samples) samples")
        } catch {
            Console.say("\(path): \(error)")
            throw Outcome.invalid
        }
    }
}
