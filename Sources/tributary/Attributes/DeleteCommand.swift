import ArgumentParser
import Foundation
import Projects

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `tributary delete …`
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes what a running gateway was told.",
        subcommands: [DeleteClusterPoolAttributes.self])
}

/// `tributary delete cluster-pool-attributes -p PROJECT -d DOMAIN`
struct DeleteClusterPoolAttributes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-pool-attributes",
        abstract: "Removes the record of a project and domain, or of one workflow.",
        discussion: """
            Removing what is not there succeeds. Asks before it removes, if somebody is there to \
            answer.
            """,
        aliases: ["cluster-pool-attribute"])

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var change: ChangeOptions
    @Option(name: .customLong("attrFile"), help: "A file that names the place instead.")
    var attributeFile: String?

    func validate() throws {
        guard attributeFile == nil else {
            if place.project == nil, place.domain == nil, place.workflow == nil { return }
            throw ValidationError("Give --attrFile or -p and -d, not both.")
        }
        if place.project == nil { throw ValidationError("project is required") }
        if place.domain == nil { throw ValidationError("domain is required") }
    }

    func run() async throws {
        try await Administration.run {
            var (project, domain, workflow) = (place.project, place.domain, place.workflow)
            if let attributeFile {
                let named = try ClusterPoolAttribute.load(
                    path: attributeFile, environment: ProcessInfo.processInfo.environment)
                (project, domain, workflow) = (named.project, named.domain, named.workflow)
            }
            guard let project, let domain else { return }
            let client = try gateway.client()
            let present = try await client.list(project: project, domain: domain)
                .first { $0.workflow == workflow }
            guard let present else {
                Console.say("No changes detected. There is no such record.")
                return
            }
            Console.answer(
                ClusterPoolAttribute.difference(from: present, to: nil)
                    .trimmingCharacters(in: .newlines))
            if change.dryRun {
                Console.say("dry run: nothing was changed")
                return
            }
            let isAsked = !change.force && isatty(STDIN_FILENO) == 1
            guard !isAsked || Confirmation.isGiven("Continue?") else {
                throw AdministrationClient.Failure(description: "delete aborted by user")
            }
            try await client.delete(project: project, domain: domain, workflow: workflow)
            Console.say("deleted the cluster pool attribute")
        }
    }
}
