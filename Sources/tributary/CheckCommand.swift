import ArgumentParser
import Foundation
import GatewayConfiguration
import UpstreamSettings

/// `tributary check FILE`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads a configuration and tells everything that is wrong with it.",
        discussion: """
            Makes and changes nothing. Where data_dir or postgres names a store, the projects in it \
            may be members, as when the gateway starts.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(name: .long, help: "The configuration; the same as the argument.")
    var config: String?
    @Argument(help: "A configuration file or a kind: Coroot custom resource.")
    var file: String?

    func validate() throws {
        if (file == nil) == (config == nil) {
            throw ValidationError("Name one configuration file.")
        }
    }

    func run() async throws {
        guard let path = file ?? config else { return }
        let configuration = try options.load(
            path, generatesSecrets: false, existing: await storedProjects(path)
        ).withChosenMembers
        let own = configuration.notesOnOwnAddress(hostNames: OwnHostNames.all)
        for note in configuration.notes + own { Console.say("\(path): note: \(note)") }
        for project in configuration.projects {
            Console.answer("\(project.name)  \(Self.description(of: project))")
        }
        let count = configuration.projects.count
        Console.say("\(path): \(count) project\(count == 1 ? "" : "s"), no errors")
    }

    /// Regular projects of the store that the file names. One that cannot be reached from here is
    /// no error of the file.
    private func storedProjects(_ path: String) async -> Set<String> {
        guard let location = StoreLocation.read(path: options.settings ?? path) else { return [] }
        do throws(StoreError) {
            return try await location.present().regularProjects
        } catch {
            Console.say("\(path): note: \(error); what only the store holds counts as unknown")
            return []
        }
    }

    /// What is shown to the server, without the secrets in it.
    private static func proof(of source: PrometheusSource) -> String {
        var all: [String] = []
        switch source.credentials {
        case .none: break
        case .basic(_, let password):
            all.append(password.exposed.isEmpty ? "a user name, no password" : "user and password")
        case .bearer: all.append("a bearer token")
        case .oauth2(let settings): all.append("tokens of \(settings.tokenURL)")
        }
        all += source.headers.map { "header \($0.name)" }
        all += source.forwardHeaders.map { "the client's \($0)" }
        return all.isEmpty ? "" : ", with \(all.joined(separator: ", "))"
    }

    private static func description(of project: Project) -> String {
        switch project.kind {
        case .prometheus(let source):
            "\(source.selector.map { "\($0) of " } ?? "")Prometheus at \(source.url)"
                + proof(of: source)
        case .remoteCoroot(let remote): "remote Coroot at \(remote.url)"
        case .clusterPool(.attributes): "cluster pool by attributes"
        case .clusterPool(.pool(let pool)): "cluster pool \(pool)"
        case .multiCluster:
            (project.members.isEmpty
                ? "no project fits by now" : "all of \(project.members.joined(separator: ", "))")
                + project.memberChoice.discovery.sources.map { ", and what \($0) tells" }.joined()
        case .misconfigured(let reason): "out of service: \(reason)"
        }
    }
}

/// `tributary schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of the configuration file, for editors.")

    func run() { Console.answer(Configuration.jsonSchema) }
}

/// The names and addresses of this machine, as far as it knows them without asking anybody.
enum OwnHostNames {
    static var all: Set<String> {
        var names: Set<String> = []
        var buffer = [CChar](repeating: 0, count: 256)
        if gethostname(&buffer, buffer.count - 1) == 0 {
            let name = Self.text(buffer)
            names.insert(name)
            names.insert(String(name.prefix { $0 != "." }))
        }
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return names }
        defer { freeifaddrs(first) }
        for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
            guard let address = entry?.pointee.ifa_addr else { continue }
            let length: Int
            switch Int32(address.pointee.sa_family) {
            case AF_INET: length = MemoryLayout<sockaddr_in>.size
            case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
            default: continue
            }
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let result = getnameinfo(
                address, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            if result == 0 { names.insert(Self.text(host)) }
        }
        return names
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
