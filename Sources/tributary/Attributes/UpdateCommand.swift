import ArgumentParser
import Foundation
import Projects

/// `tributary update …`
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes what a running gateway was told.",
        subcommands: [UpdateClusterPoolAttributes.self])
}

/// `tributary update cluster-pool-attributes --attrFile FILE`
struct UpdateClusterPoolAttributes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-pool-attributes",
        abstract: "Says which cluster pool answers for a project and domain, or one workflow.",
        discussion: "Shows the change and asks before it is made.",
        aliases: ["cluster-pool-attribute"])

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var change: ChangeOptions
    @Option(
        name: .customLong("attrFile"),
        help: "File with project, domain, clusterPoolName and perhaps workflow, as YAML.")
    var attributeFile: String?
    @Flag(
        name: .customLong("genSkeleton"),
        help: "Write a file to fill in to --attrFile, and change nothing.")
    var generatesSkeleton = false

    func run() async throws {
        if generatesSkeleton {
            guard let attributeFile else {
                Console.answer(
                    ClusterPoolAttribute.skeleton.trimmingCharacters(in: .newlines))
                return
            }
            return try AttributeFile.write(
                ClusterPoolAttribute.skeleton, to: attributeFile, force: change.force)
        }
        guard let attributeFile else {
            throw ValidationError("attrFile is mandatory while calling update")
        }
        try await Administration.run {
            let wanted = try ClusterPoolAttribute.load(
                path: attributeFile, environment: ProcessInfo.processInfo.environment)
            let client = try gateway.client()
            let present = try await client.list(project: wanted.project, domain: wanted.domain)
                .first { $0.workflow == wanted.workflow }
            if present == wanted {
                Console.say("No changes detected. Skipping the update.")
                return
            }
            Console.answer(
                ClusterPoolAttribute.difference(from: present, to: wanted)
                    .trimmingCharacters(in: .newlines))
            if change.dryRun {
                Console.say("dry run: nothing was changed")
                return
            }
            guard change.force || Confirmation.isGiven("Continue?") else {
                throw AdministrationClient.Failure(description: "update aborted by user")
            }
            try await client.put(wanted)
            Console.say("updated the cluster pool attribute")
        }
    }
}
