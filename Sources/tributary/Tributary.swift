import ArgumentParser
import Foundation
import GatewayConfiguration

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
            Ends with 0 when all went well, 1 when something failed, 2 when a configuration, a \
            script or another file is wrong, 3 when an answer is not whole and that was asked for, \
            and 64 when the command line is wrong.

            Commands that ask a server read TRIBUTARY_URL, TRIBUTARY_PROJECT, TRIBUTARY_TOKEN, \
            TRIBUTARY_TOKEN_FILE, TRIBUTARY_CONTEXT, TRIBUTARY_CONFIG, TRIBUTARY_OUTPUT, COLUMNS \
            and NO_COLOR from the environment. An option counts more than its variable.
            """,
        version: ProductVersion.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, SchemaCommand.self, MetricsCommand.self,
            ConvertCommand.self,
            QueryCommand.self, ExplainCommand.self, LintCommand.self, ReplayCommand.self,
            HealthCommand.self,
            LabelsCommand.self, ValuesCommand.self, SeriesCommand.self, MetadataCommand.self,
            TargetsCommand.self, AlertsCommand.self, RulesCommand.self, StatusCommand.self,
            GetCommand.self, CreateCommand.self, ApplyCommand.self, UpdateCommand.self,
            DeleteCommand.self, ConfigCommand.self, CompletionCommand.self, DemoCommand.self,
            EmbeddedCommand.self,
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
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        } catch {
            // The reader wants no more, as `head` does once it has its lines.
            exit(Outcome.failure.rawValue)
        }
    }

    static func say(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}

/// How the program ends.
enum Outcome {
    /// Something failed while running.
    static let failure = ExitCode(1)
    /// A configuration, a script or another file is wrong.
    static let invalid = ExitCode(2)
    /// An answer is not whole, and the command was told to be strict.
    static let partial = ExitCode(3)
}
