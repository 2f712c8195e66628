import ArgumentParser
import CommandLineOutput
import Foundation
import GoText
import HTTPTransport
import PrometheusWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `tributary create …`
struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes keys and tokens of a running gateway.",
        discussion: """
            The new key or token alone is printed on standard output, this once. Projects and pools \
            are made by 'tributary apply'.
            """,
        subcommands: [CreateKey.self, CreateToken.self])
}

/// `tributary create key PROJECT`
struct CreateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Makes an API key of a project.")

    @Argument(help: "The project.")
    var project: String
    @Option(help: "What the key is for.")
    var description = ""
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            let made = try await client.post(
                .object([("description", .string(description))]),
                "/api/projects/\(FormText.encoded(project))/keys")
            Console.say("created key \(made["id"]?.text ?? "") of project \(project)")
            Console.answer(made["key"]?.text ?? "")
        }
    }
}

/// `tributary create token NAME`
struct CreateToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Makes an access token.")

    @Argument(help: "Its name.")
    var name: String
    @Option(help: "A project that it opens; all by default. May be given again.")
    var project: [String] = []
    @Option(help: "A matcher that restricts it to some series, such as 'env=\"dev\"'.")
    var matcher: [String] = []
    @Flag(help: "It may make changes.")
    var admin = false
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            var document: [(key: String, value: JSONValue)] = [("name", .string(name))]
            if !project.isEmpty { document.append(("projects", .strings(project))) }
            if !matcher.isEmpty { document.append(("matchers", .strings(matcher))) }
            if admin { document.append(("admin", .bool(true))) }
            let made = try await client.post(.object(document), "/api/tokens")
            Console.say("created token \(name)")
            Console.answer(made["token"]?.text ?? "")
        }
    }
}

/// `tributary delete …`
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes what a running gateway was told.",
        subcommands: [
            DeleteProject.self, DeletePool.self, DeleteToken.self, DeleteKey.self,
            DeleteClusterPoolAttributes.self,
        ])
}

/// `tributary delete project NAME`
struct DeleteProject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Deletes a project with its keys and attributes.")

    @Argument(help: "Its name.")
    var name: String
    @OptionGroup var removal: Removal

    func run() async throws {
        try await removal.run("project \(name)", "/api/projects/\(FormText.encoded(name))")
    }
}

/// `tributary delete pool NAME`
struct DeletePool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "Deletes a cluster pool.")

    @Argument(help: "Its name.")
    var name: String
    @OptionGroup var removal: Removal

    func run() async throws {
        try await removal.run(
            "cluster pool \(name)", "/api/cluster-pools/\(FormText.encoded(name))")
    }
}

/// `tributary delete token NAME`
struct DeleteToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Deletes an access token.")

    @Argument(help: "Its name.")
    var name: String
    @OptionGroup var removal: Removal

    func run() async throws {
        try await removal.run("token \(name)", "/api/tokens/\(FormText.encoded(name))")
    }
}

/// `tributary delete key PROJECT ID`
struct DeleteKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Deletes an API key of a project.")

    @Argument(help: "The project.")
    var project: String
    @Argument(help: "The id of the key, as 'tributary get keys' shows it.")
    var id: String
    @OptionGroup var removal: Removal

    func run() async throws {
        try await removal.run(
            "key \(id) of project \(project)",
            "/api/projects/\(FormText.encoded(project))/keys/\(FormText.encoded(id))")
    }
}

/// What the removals have in common. Removing what is not there succeeds.
struct Removal: ParsableArguments {
    @OptionGroup var change: ChangeOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// Asks before it removes, if somebody is there to answer.
    func run(_ name: String, _ path: String) async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            if change.dryRun {
                Console.say("dry run: \(name) would be deleted")
                return
            }
            let isAsked = !change.force && isatty(STDIN_FILENO) == 1
            guard !isAsked || Confirmation.isGiven("Delete \(name)?") else {
                throw AdministrationClient.Failure(description: "delete aborted by user")
            }
            _ = try await client.send(.delete, path)
            Console.say("deleted \(name)")
        }
    }
}

/// `tributary apply -f FILE`
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Makes a running gateway have the projects and pools of a file.",
        discussion: """
            FILE has projects, clusterPools and clusterPoolAttributes as the configuration file has \
            them, as YAML or JSON. What the file does not name stays as it is. Shows what changes, \
            by keys and without values, and asks. Variables are not replaced.
            """)

    @Option(name: .shortAndLong, help: "The file; - for standard input.")
    var file: String
    @OptionGroup var change: ChangeOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let wanted: AppliedDocument
        do throws(AppliedDocument.Problem) {
            wanted = try AppliedDocument(try text())
        } catch {
            Console.say("\(file):\(error)")
            throw Outcome.invalid
        }
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            var due: [AppliedDocument.Item] = []
            for item in wanted.items {
                let change = item.change(from: try await present(item, client))
                Console.answer(change.text)
                if change.isDue { due.append(item) }
            }
            if due.isEmpty {
                Console.say("No changes detected.")
                return
            }
            if change.dryRun {
                Console.say("dry run: nothing was changed")
                return
            }
            guard change.force || Confirmation.isGiven("Continue?") else {
                throw AdministrationClient.Failure(description: "apply aborted by user")
            }
            for item in due {
                try await client.put(item.document, item.path)
                Console.say("applied \(item.name)")
            }
        }
    }

    /// What the gateway has in the place of an item.
    private func present(
        _ item: AppliedDocument.Item, _ client: AdministrationClient
    ) async throws -> JSONValue? {
        switch item.kind {
        case .project: return try await client.present(item.path)?["definition"]
        case .pool: return try await client.present(item.path)
        case .attribute:
            let records = try await client.send(.get, item.path).data.items
            return records.first { record in
                ["project", "domain", "workflow"].allSatisfy {
                    (record[$0]?.text ?? "") == (item.document[$0]?.text ?? "")
                }
            }
        }
    }

    private func text() throws(AppliedDocument.Problem) -> String {
        let data =
            file == "-"
            ? FileHandle.standardInput.readDataToEndOfFile()
            : FileManager.default.contents(atPath: file)
        guard let data, let text = String(data: data, encoding: .utf8) else {
            throw AppliedDocument.Problem(text: " cannot be read as UTF-8 text")
        }
        return text
    }
}
