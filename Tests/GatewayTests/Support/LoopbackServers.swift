import Logging
import PrometheusServer

/// Responders behind real sockets on loopback, for as long as the work takes.
enum LoopbackServers {
    /// - Parameter work: is given the port of each.
    static func serve(
        _ responders: [String: PrometheusResponder],
        _ work: @escaping @Sendable (_ ports: [String: Int]) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (listening, announce) = AsyncStream.makeStream(of: (String, Int).self)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            for (name, responder) in responders {
                let server = PrometheusServer(
                    responder: responder, host: "127.0.0.1", port: 0, logger: logger,
                    onListening: { announce.yield((name, $0)) })
                group.addTask { try await server.run() }
            }
            var ports: [String: Int] = [:]
            if !responders.isEmpty {
                for await (name, port) in listening {
                    ports[name] = port
                    if ports.count == responders.count { break }
                }
            }
            defer { group.cancelAll() }
            try await work(ports)
        }
    }
}
