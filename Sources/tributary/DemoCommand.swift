import ArgumentParser
import EmbeddedPrometheus
import Gateway
import GatewayConfiguration
import GatewayLog
import GoText
import Logging
import PrometheusServer
import WebPage

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `tributary demo --embedded`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows a federation of three small servers that live in this process.")

    @Flag(help: "Members in this process, with made-up data; nothing needs to be installed.")
    var embedded = false
    @Option(help: "Listen on HOST:PORT; a free port is taken when this one is not.")
    var listen = AddressArgument(address: ListenAddress(host: "127.0.0.1", port: 9090))
    @Flag(help: "End after the queries instead of going on until Ctrl-C.")
    var once = false

    static let queries = [
        ("every series, each with its project", "up{job=\"web\"}"),
        (
            "answered by every member for itself",
            "sum by (project) (rate(http_requests_total[5m]))"
        ),
        (
            "one answer over all members",
            "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"
        ),
    ]

    func validate() throws {
        if !embedded {
            throw ValidationError("Say --embedded; `make demo` runs real Prometheus servers.")
        }
    }

    func run() async throws {
        let members = DemoMember.all
        Console.say("filling \(members.count) members with an hour of data …")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            let (listening, announce) = AsyncStream.makeStream(of: (String, Int).self)
            for member in members {
                group.addTask {
                    try await DemoServer(member: member).run { announce.yield((member.name, $0)) }
                    return false
                }
            }
            var ports: [String: Int] = [:]
            for await (name, port) in listening {
                ports[name] = port
                if ports.count == members.count { break }
            }
            let configuration = try configuration(of: members.map(\.name), ports: ports)
            group.addTask {
                let log = try GatewayLog(overrides: GatewayLog.Overrides(level: .error))
                let page = try PageRoutes.Content(WebSettings(), directory: nil)
                try await Serving.run(configuration, log, page: page) { application, url in
                    await Self.show(application, url)
                    if once { kill(getpid(), SIGTERM) }
                }
                return true
            }
            // The gateway's end is the demo's end; the members have no end of their own.
            defer { group.cancelAll() }
            while let isGateway = try await group.next(), !isGateway {}
        }
    }

    private func configuration(
        of names: [String], ports: [String: Int]
    ) throws -> Configuration {
        var address = listen.address
        if address.port != 0, !PortProbe.isFree(address.port) {
            Console.say("port \(address.port) is taken; another one is used")
            address.port = 0
        }
        let projects = names.map { name in
            "  - {name: \(name), prometheus: {url: \"http://127.0.0.1:\(ports[name] ?? 0)\"}}"
        }
        let yaml = """
            listen_address: \(address)
            projects:
            \(projects.joined(separator: "\n"))
              - {name: world, memberProjects: [\(names.joined(separator: ", "))]}
            """
        return try Configuration.parse(yaml, path: "demo")
    }

    private static func show(_ application: GatewayApplication, _ url: String) async {
        for (title, query) in queries {
            Console.answer("\n\(title):\n\(query)\n")
            do {
                Console.answer(try await InProcessQuery.table(query, of: application))
            } catch {
                Console.answer("  \(error)")
            }
        }
        Console.answer("\nGrafana: add a Prometheus data source with the URL \(url)")
        Console.answer("Ctrl-C ends the demo.")
    }
}

/// One member of the demo: made-up data that goes on, and the server that answers for it.
struct DemoServer: Sendable {
    /// How much of the past is kept.
    private static let history: Milliseconds = 3_600_000

    var member: DemoMember

    /// Serves until the task is cancelled. The past is there before the first question.
    func run(onListening: @escaping @Sendable (_ port: Int) async -> Void) async throws {
        let store = MemoryStore()
        let data = DemoData(member: member)
        let now = WallClock.now()
        data.fill(store, from: now - Self.history, through: now)
        var logger = Logger(label: "tributary.demo")
        logger.logLevel = .critical
        let server = EmbeddedServer(store: store, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.goOn(data, store, since: now) }
            group.addTask { try await server.run(onListening: onListening) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func goOn(_ data: DemoData, _ store: MemoryStore, since start: Timestamp) async {
        var last = start
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let now = WallClock.now()
            data.fill(store, from: last + 1, through: now)
            store.drop(before: now - history)
            last = now
        }
    }
}

/// Whether a port of this machine is free to listen on.
enum PortProbe {
    static func isFree(_ port: Int) -> Bool {
        guard let number = UInt16(exactly: port) else { return false }
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var reuse: Int32 = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        return bound == 0
    }
}
