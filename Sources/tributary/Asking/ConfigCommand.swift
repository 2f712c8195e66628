import ArgumentParser
import CommandLineOutput
import Foundation
import GoText
import UpstreamSettings

/// `tributary config …`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Names the servers that commands ask, and chooses one.",
        discussion: """
            Contexts are kept in the file that TRIBUTARY_CONFIG names, else in \
            ~/.config/tributary/contexts.json. The file holds no secret: a token is named by its file.
            """,
        subcommands: [ConfigSet.self, ConfigUse.self, ConfigList.self, ConfigDelete.self])
}

/// `tributary config set prod --url …`
struct ConfigSet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Makes or replaces a context.")

    @Argument(help: "Its name.")
    var name: String
    @Option(help: "The server, with its base path if it has one.")
    var url: String
    @Option(name: [.customShort("p"), .long], help: "The project that is asked.")
    var project: String?
    @Option(help: "File with a token.")
    var tokenFile: String?
    @Option(help: "File with the certificates of the authorities to trust, as PEM.")
    var ca: String?
    @Flag(help: "Take any certificate.")
    var insecure = false

    func run() throws {
        do throws(ServerURL.Problem) {
            _ = try ServerURL(url)
        } catch {
            throw ValidationError("\(url) \(error.text).")
        }
        var file = try ContextFile.read()
        file.contexts[name] = ContextFile.Context(
            url: url, project: project, tokenFile: tokenFile.map(Self.absolute),
            ca: ca.map(Self.absolute), insecure: insecure ? true : nil)
        if file.current == nil { file.current = name }
        try file.write()
        Console.say("context \(name) is set\(file.current == name ? " and in use" : "")")
    }

    /// Commands are run in other directories too.
    private static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).path
    }
}

/// `tributary config use prod`
struct ConfigUse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use", abstract: "Chooses the context that commands use.")

    @Argument(help: "Its name.")
    var name: String

    func run() throws {
        var file = try ContextFile.read()
        _ = try file.required(name)
        file.current = name
        try file.write()
        Console.say("context \(name) is in use")
    }
}

/// `tributary config list`
struct ConfigList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows every context; a star marks the one in use.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let file = try ContextFile.read()
        let rows = file.contexts.sorted { $0.key < $1.key }.map { name, context in
            [
                file.current == name ? "*" : "", name, context.url, context.project ?? "",
                context.tokenFile ?? "",
            ]
        }
        let listing = Listing(
            TextTable(
                [.init(""), .init("name"), .init("url"), .init("project"), .init("token file")],
                rows: rows), values: rows.map { $0[1] })
        try output.print(listing, body: try file.json())
    }
}

/// `tributary config delete prod`
struct ConfigDelete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes a context.")

    @Argument(help: "Its name.")
    var name: String

    func run() throws {
        var file = try ContextFile.read()
        _ = try file.required(name)
        file.contexts[name] = nil
        if file.current == name { file.current = nil }
        try file.write()
        Console.say("context \(name) is removed")
    }
}

/// The contexts of the user.
struct ContextFile: Codable {
    struct Context: Codable {
        var url: String
        var project: String?
        var tokenFile: String?
        var ca: String?
        var insecure: Bool?
    }

    var current: String?
    var contexts: [String: Context] = [:]

    /// Bytes that the file may have.
    private static let mostBytes = 1 << 20

    var inUse: Context? { current.flatMap { contexts[$0] } }

    func required(_ name: String) throws -> Context {
        if let context = contexts[name] { return context }
        let known = contexts.keys.sorted().joined(separator: ", ")
        throw ValidationError(
            "There is no context \(GoQuoting.quote(name))"
                + (known.isEmpty ? "; tributary config set makes one." : "; there are: \(known)."))
    }

    /// Nil where the environment names neither a file nor a home.
    private static var path: String? {
        if let path = Variable.value("TRIBUTARY_CONFIG") { return path }
        let base =
            Variable.value("XDG_CONFIG_HOME") ?? Variable.value("HOME").map { $0 + "/.config" }
        return base.map { $0 + "/tributary/contexts.json" }
    }

    /// None where there is no file.
    static func read() throws -> ContextFile {
        guard let path, let data = FileManager.default.contents(atPath: path) else {
            return ContextFile()
        }
        guard data.count <= mostBytes,
            let file = try? JSONDecoder().decode(ContextFile.self, from: data)
        else {
            Console.say(
                "\(path): is no file of contexts: remove it, or write "
                    + #"{"current": "NAME", "contexts": {"NAME": {"url": "http://HOST:PORT"}}}"#)
            throw Outcome.invalid
        }
        return file
    }

    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    func write() throws {
        guard let path = Self.path else {
            Console.say("HOME is not set: name the file of contexts by TRIBUTARY_CONFIG")
            throw Outcome.failure
        }
        do {
            try PrivateFile.makeDirectory(
                URL(fileURLWithPath: path).deletingLastPathComponent().path)
            try PrivateFile.write(try json() + [UInt8(ascii: "\n")], to: path, replaces: true)
        } catch {
            Console.say("\(path) cannot be written: \(error)")
            throw Outcome.failure
        }
    }
}
