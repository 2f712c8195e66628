import ArgumentParser
import CommandLineOutput
import GoText
import HTTPTransport
import PrometheusWire

/// `tributary get …`
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows what a running gateway was told.",
        subcommands: [
            GetProjects.self, GetMembers.self, GetPools.self, GetTokens.self, GetKeys.self,
            GetClusterPoolAttributes.self,
        ])
}

/// `tributary get projects [NAME]`
struct GetProjects: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects", abstract: "Shows projects, with how they are.",
        aliases: ["project"])

    @Argument(help: "One project; all by default.")
    var name: String?
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            let path = name.map { "/api/projects/\(FormText.encoded($0))" } ?? "/api/projects"
            let (data, body) = try await client.send(.get, path)
            try output.print(.projects(name == nil ? data.items : [data]), body: body)
        }
    }
}

/// `tributary get members PROJECT`
struct GetMembers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members", abstract: "Shows the members of a project, with how they are.",
        aliases: ["member"])

    @Argument(help: "The project.")
    var project: String
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            let (whole, _) = try await client.send(
                .get, "/api/projects/\(FormText.encoded(project))")
            let names = whole["memberProjects"]?.items.compactMap(\.text) ?? [project]
            let all = try await client.send(.get, "/api/projects").data.items
            let members = names.map { name in
                all.first { $0["name"]?.text == name }
                    ?? .object([("name", .string(name)), ("kind", .string("not found"))])
            }
            try output.print(.projects(members), body: JSONValue.array(members).bytes)
        }
    }
}

/// `tributary get pools [NAME]`
struct GetPools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools", abstract: "Shows cluster pools and their clusters.",
        aliases: ["pool", "cluster-pools"])

    @Argument(help: "One pool; all by default.")
    var name: String?
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            let path =
                name.map { "/api/cluster-pools/\(FormText.encoded($0))" } ?? "/api/cluster-pools"
            let (data, body) = try await client.send(.get, path)
            let pools = name == nil ? data.items : [data]
            let rows = pools.map { pool in
                [
                    pool["name"]?.text ?? "",
                    (pool["clusters"]?.items ?? []).compactMap(\.text).joined(separator: ", "),
                    pool["readOnly"].shownOrigin,
                ]
            }
            try output.print(
                Listing(
                    TextTable(
                        [.init("pool"), .init("clusters"), .init("defined in")], rows: rows),
                    objects: pools), body: body)
        }
    }
}

/// `tributary get tokens`
struct GetTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Shows access tokens, without the tokens themselves.",
        aliases: ["token"])

    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            let (data, body) = try await client.send(.get, "/api/tokens")
            let rows = data.items.map { token in
                var isAdministrator = false
                if case .bool(true) = token["admin"] { isAdministrator = true }
                let projects = (token["projects"]?.items ?? []).compactMap(\.text)
                return [
                    token["name"]?.text ?? "",
                    projects.isEmpty ? "all" : projects.joined(separator: ", "),
                    isAdministrator ? "yes" : "no",
                    (token["matchers"]?.items ?? []).compactMap(\.text).joined(separator: ", "),
                    token["created"]?.text ?? "", token["readOnly"].shownOrigin,
                ]
            }
            try output.print(
                Listing(
                    TextTable(
                        [
                            .init("token"), .init("projects"), .init("admin"), .init("matchers"),
                            .init("created", isDetail: true), .init("defined in"),
                        ], rows: rows), objects: data.items), body: body)
        }
    }
}

/// `tributary get keys PROJECT`
struct GetKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Shows the API keys of a project, without the keys themselves.",
        aliases: ["key"])

    @Argument(help: "The project.")
    var project: String
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        try await Administration.run {
            let client = AdministrationClient(connection: try server.connection())
            let (data, body) = try await client.send(
                .get, "/api/projects/\(FormText.encoded(project))")
            guard let keys = data["keys"]?.items else {
                throw AdministrationClient.Failure(
                    description: "the keys of a project are shown to administrators only")
            }
            let rows = keys.map { key in
                ["id", "description", "created"].map { key[$0]?.text ?? "" }
            }
            try output.print(
                Listing(
                    TextTable([.init("id"), .init("description"), .init("created")], rows: rows),
                    objects: keys), body: body)
        }
    }
}

extension JSONValue? {
    /// Where something is defined that is read-only if the file has it.
    fileprivate var shownOrigin: String {
        if case .bool(true) = self { "file" } else { "API" }
    }
}
