import ArgumentParser
import Projects

/// `tributary check FILE`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads a configuration and tells everything that is wrong with it.")

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

    func run() throws {
        guard let path = file ?? config else { return }
        let configuration = try options.load(path, generatesSecrets: false)
        for note in configuration.notes { Console.say("\(path): note: \(note)") }
        for project in configuration.projects {
            Console.answer("\(project.name)  \(Self.description(of: project))")
        }
        let count = configuration.projects.count
        Console.say("\(path): \(count) project\(count == 1 ? "" : "s"), no errors")
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
