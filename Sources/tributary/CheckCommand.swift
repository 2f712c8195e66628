import ArgumentParser
import CommandLineOutput
import Foundation
import Gateway
import GatewayConfiguration
import GatewayState
import Logging
import PrometheusServer
import PrometheusWire
import UpstreamSettings

/// `tributary check FILE`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads a configuration and tells everything that is wrong with it.",
        discussion: """
            Makes and changes nothing. Where data_dir or postgres names a store, the projects in it \
            may be members, as when the gateway starts. Ends with 2 when something is wrong, and with \
            1 when --online finds a project that cannot be reached.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(name: .long, help: "The configuration; the same as the argument.")
    var config: String?
    @Argument(help: "A configuration file or a kind: Coroot custom resource.")
    var file: String?
    @Flag(help: "Ask every project's server whether it is there.")
    var online = false
    @Option(help: "How the result is printed: text, json, or github, for GitHub's workflows.")
    var format = Format.text

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case github
    }

    func validate() throws {
        if (file == nil) == (config == nil) {
            throw ValidationError("Name one configuration file.")
        }
    }

    func run() async throws {
        guard let path = file ?? config else { return }
        let existing = await storedProjects(path)
        let configuration: Configuration
        do throws(ConfigurationErrors) {
            configuration = try options.configuration(
                path, generatesSecrets: false, existing: existing
            ).withChosenMembers
        } catch {
            say(error.findings, isValid: false)
            throw Outcome.invalid
        }
        let own = configuration.notesOnOwnAddress(hostNames: OwnHostNames.all)
        let notes = configuration.notes + own
        switch format {
        case .text:
            for note in notes { Console.say("\(path): note: \(note)") }
            if !online {
                for project in configuration.projects {
                    Console.answer("\(project.name)  \(Self.description(of: project))")
                }
            }
            let count = configuration.projects.count
            Console.say("\(path): \(count) project\(count == 1 ? "" : "s"), no errors")
        case .json, .github: say(notes.map { Finding($0, path: path) }, isValid: true)
        }
        if online { try await OnlineCheck(configuration).run(isSilent: format != .text) }
    }

    private func say(_ findings: [Finding], isValid: Bool) {
        switch format {
        case .text: Console.say(findings.text)
        case .github: for finding in findings { Console.answer(finding.githubCommand) }
        case .json:
            let document = JSONValue.object([
                ("valid", .bool(isValid)), ("findings", .array(findings.map(\.json))),
            ])
            Console.answer(String(decoding: document.bytes, as: UTF8.self))
        }
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
        with(shown(by: source) + source.forwardHeaders.map { "the client's \($0)" })
    }

    private static func with(_ all: [String]) -> String {
        all.isEmpty ? "" : ", with \(all.joined(separator: ", "))"
    }

    private static func shown(by source: some CredentialedConnection) -> [String] {
        var all: [String] = []
        switch source.credentials {
        case .none: break
        case .basic(_, let password):
            all.append(password.exposed.isEmpty ? "a user name, no password" : "user and password")
        case .bearer: all.append("a bearer token")
        case .oauth2(let settings): all.append("tokens of \(settings.tokenURL)")
        case .sigV4(let settings):
            all.append(
                "signatures for \(settings.service) in \(settings.region)"
                    + (settings.role.map { " as \($0.arn)" } ?? ""))
        }
        return all + source.headers.map { "header \($0.name)" }
    }

    private static func description(of project: Project) -> String {
        let telemetry = project.telemetry.all.map {
            "\($0.kind.serverName) at \($0.url)" + with(shown(by: $0))
        }
        if case .telemetryOnly = project.kind { return telemetry.joined(separator: "; ") }
        return ([metrics(of: project)] + telemetry).joined(separator: "; ")
    }

    private static func metrics(of project: Project) -> String {
        switch project.kind {
        case .prometheus(let source):
            "\(source.selector.map { "\($0) of " } ?? "")Prometheus at \(source.url)"
                + proof(of: source)
        case .replicas(let group):
            "replicas "
                + group.replicas.map { replica in
                    switch replica.source {
                    case .prometheus(let source): "\(source.url)" + proof(of: source)
                    case .names(let names): "what \(DiscoverySource.names(names)) tells"
                    }
                }.joined(separator: " and ")
        case .remoteCoroot(let remote): "remote Coroot at \(remote.url)"
        case .clusterPool(.attributes): "cluster pool by attributes"
        case .clusterPool(.pool(let pool)): "cluster pool \(pool)"
        case .multiCluster:
            (project.members.isEmpty
                ? "no project fits by now" : "all of \(project.members.joined(separator: ", "))")
                + project.memberChoice.discovery.sources.map { ", and what \($0) tells" }.joined()
        case .telemetryOnly: "no metrics"
        case .misconfigured(let reason): "out of service: \(reason)"
        }
    }
}

/// Asks the servers of a configuration whether they are there, as its gateway would.
private struct OnlineCheck {
    private var configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
        // The gateway of this check has no clients but us.
        self.configuration.authentication = nil
        self.configuration.tls = nil
        self.configuration.listenAddress = Configuration.defaultListenAddress
        self.configuration.urlBasePath = ""
        self.configuration.dataDirectory = nil
        self.configuration.postgres = nil
        self.configuration.cache.redis = nil
    }

    /// Shows each project with what its server says.
    ///
    /// - Parameter isSilent: Whether only the exit code tells.
    func run(isSilent: Bool) async throws {
        var logger = Logger(label: "tributary.check")
        logger.logLevel = .critical
        let application = try GatewayApplication(configuration: configuration, logger: logger)
        guard
            let request = PrometheusRequest(
                method: "GET", target: "/api/projects", headers: [:], body: [])
        else { return }
        let body = try? await application.responder.respond(to: request).collected().body
        await application.shutdown()
        let projects = body.flatMap { try? JSONValue(parsing: $0) }?["data"]?.items ?? []
        if !isSilent,
            let text = Listing.projects(projects).text(
                .table, body: [], width: Terminal.width, style: Terminal.style(.auto),
                hasHeader: true)
        {
            Console.answer(text)
        }
        let isWhole =
            projects.count == configuration.projects.count
            && projects.allSatisfy(\.isReachable)
        if !isWhole { throw Outcome.failure }
    }
}

extension ConfigurationErrors {
    /// In the order in which they are told.
    var findings: [Finding] {
        errors.map { error in
            var place = error
            (place.file, place.line, place.column) = (nil, nil, nil)
            return Finding(
                .error, path: error.file ?? path, line: error.line,
                column: error.line == nil ? nil : error.column ?? 1,
                keyPath: error.keyPath, text: place.description)
        }
    }
}

extension Finding {
    init(_ note: ConfigurationNote, path: String) {
        var place = note
        (place.file, place.line) = (nil, nil)
        self.init(
            .note, path: note.file ?? path, line: note.line, column: nil, keyPath: note.keyPath,
            text: place.description)
    }
}

extension [Finding] {
    /// For people: each with its line of the file, a line feed between two of them.
    var text: String {
        let sources = Dictionary(grouping: self, by: \.path).mapValues { findings in
            findings.first.flatMap { FileManager.default.contents(atPath: $0.path) }
                .flatMap { String(data: $0, encoding: .utf8) }.map(SourceText.init)
        }
        let style = Terminal.errorStyle
        return map { $0.text(in: sources[$0.path] ?? nil, style: style) }.joined(separator: "\n")
    }
}

/// `tributary schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of the configuration file, for editors.")

    func run() { Console.answer(Configuration.jsonSchema) }
}

/// `tributary metrics`
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Prints the reference of the gateway's own metrics, as Markdown.")

    func run() { print(MetricsReference.page, terminator: "") }
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
