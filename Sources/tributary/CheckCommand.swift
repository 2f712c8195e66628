import ArgumentParser
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
            path, generatesSecrets: false, existing: await storedProjects(path))
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

    private static func description(of project: Project) -> String {
        switch project.kind {
        case .prometheus(let source): "Prometheus at \(source.url)"
        case .remoteCoroot(let remote): "remote Coroot at \(remote.url)"
        case .clusterPool(.attributes): "cluster pool by attributes"
        case .clusterPool(.pool(let pool)): "cluster pool \(pool)"
        case .multiCluster(let members): "all of \(members.joined(separator: ", "))"
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
