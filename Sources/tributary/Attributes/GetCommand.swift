import ArgumentParser
import Projects

/// `tributary get …`
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows what a running gateway was told.",
        subcommands: [GetClusterPoolAttributes.self])
}

/// `tributary get cluster-pool-attributes`
struct GetClusterPoolAttributes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-pool-attributes",
        abstract: "Shows which cluster pool answers for projects, domains and workflows.",
        discussion: """
            Without a place all records are shown, one JSON object a line. With project and domain \
            it is the one record that answers there: that of the workflow, else that of the domain.
            """,
        aliases: ["cluster-pool-attribute"])

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var place: PlaceOptions
    @Option(
        name: .customLong("attrFile"), help: "Write the record to this file, for update to read.")
    var attributeFile: String?
    @Flag(help: "Overwrite the file without asking.")
    var force = false

    func validate() throws {
        guard attributeFile != nil else { return }
        guard place.project != nil, place.domain != nil else {
            throw ValidationError("--attrFile needs one record: give -p and -d.")
        }
    }

    func run() async throws {
        try await Administration.run {
            let records = try await gateway.client().list(
                project: place.project, domain: place.domain)
            guard let project = place.project, let domain = place.domain else {
                for record in records { try show(record) }
                return
            }
            // The most specific record that speaks of the place.
            let found =
                records.first { $0.workflow != nil && $0.workflow == place.workflow }
                ?? records.first { $0.workflow == nil }
            guard let found else {
                let workflow = place.workflow.map { ", workflow \($0)" } ?? ""
                throw AdministrationClient.Failure(
                    description: "no cluster pool attribute for project \(project), domain "
                        + "\(domain)\(workflow)")
            }
            guard let attributeFile else { return try show(found) }
            try AttributeFile.write(found.yaml, to: attributeFile, force: force)
        }
    }

    private func show(_ record: ClusterPoolAttribute) throws {
        Console.answer(String(decoding: try AdministrationClient.json(record), as: UTF8.self))
    }
}
