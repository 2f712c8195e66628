import ArgumentParser
import Foundation
import GatewayConfiguration
import PrometheusWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

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

    @OptionGroup(title: "Server") var server: ServerOptions
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
            let records = try await AdministrationClient(connection: try server.connection())
                .attributes(
                    project: place.project, domain: place.domain)
            guard let project = place.project, let domain = place.domain else {
                for record in records { show(record) }
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
            guard let attributeFile else { return show(found) }
            try AttributeFile.write(found.yaml, to: attributeFile, force: force)
        }
    }

    private func show(_ record: ClusterPoolAttribute) {
        Console.answer(String(decoding: AdministrationClient.document(record).bytes, as: UTF8.self))
    }
}

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

    @OptionGroup(title: "Server") var server: ServerOptions
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
            let client = AdministrationClient(connection: try server.connection())
            let present = try await client.attributes(
                project: wanted.project, domain: wanted.domain
            )
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

    @OptionGroup(title: "Server") var server: ServerOptions
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
            let client = AdministrationClient(connection: try server.connection())
            let present = try await client.attributes(project: project, domain: domain)
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
