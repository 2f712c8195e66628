import ArgumentParser
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One Prometheus over many.
struct Tributary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "Answers PromQL over many Prometheus servers as if they were one.",
        discussion: """
            Ends with 0 when all went well, 1 when something failed, 2 when a configuration or a \
            script is wrong, and 64 when the command line is.
            """,
        subcommands: [
            ServeCommand.self, CheckCommand.self, SchemaCommand.self, ConvertCommand.self,
            QueryCommand.self, ExplainCommand.self, ReplayCommand.self, HealthCommand.self,
            DemoCommand.self, EmbeddedCommand.self, GetCommand.self, UpdateCommand.self,
            DeleteCommand.self,
        ])
}

@main
enum Program {
    static func main() async {
        // A client that is gone is an error of the write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
        await Tributary.main()
    }
}

/// What the program says: answers on standard output, everything else on standard error.
enum Console {
    static func answer(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func say(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
