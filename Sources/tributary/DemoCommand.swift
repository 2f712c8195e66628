import ArgumentParser
import EmbeddedPrometheus
import Gateway
import Logging
import Projects
import PrometheusHTTP

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
                try await Serving.run(configuration) { application, url in
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
                let answer = try await InProcessQuery.instant(query, of: application)
                Console.answer(try QueryTable(answer).text)
            } catch {
                Console.answer("  \(error)")
            }
        }
        Console.answer("\nGrafana: add a Prometheus data source with the URL \(url)")
        Console.answer("Ctrl-C ends the demo.")
    }
}
