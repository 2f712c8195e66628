import ArgumentParser
import Foundation
import GatewayConfiguration
import UpstreamSettings

/// The place of a record.
struct PlaceOptions: ParsableArguments {
    @Option(name: [.customShort("p"), .long], help: "The project.")
    var project: String?
    @Option(name: [.customShort("d"), .long], help: "The domain.")
    var domain: String?
    @Option(help: "The workflow; needs project and domain.")
    var workflow: String?

    func validate() throws {
        guard workflow != nil else { return }
        if project == nil { throw ValidationError("project is required") }
        if domain == nil { throw ValidationError("domain is required") }
    }
}

/// What both changes have in common.
struct ChangeOptions: ParsableArguments {
    @Flag(help: "Ask nothing.")
    var force = false
    @Flag(
        name: [.customLong("dry-run"), .customLong("dryRun")],
        help: "Show what would be done, and do nothing.")
    var dryRun = false
}

/// Runs a command's work and ends as it ended.
enum Administration {
    static func run(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let failure as AdministrationClient.Failure {
            Console.say(failure.description)
            throw Outcome.failure
        } catch let errors as ConfigurationErrors {
            Console.say(errors.description)
            throw Outcome.invalid
        }
    }
}

/// Files that commands write for people.
enum AttributeFile {
    /// Writes a file that its owner alone may read. One that exists is replaced only if that is
    /// wanted.
    static func write(_ text: String, to path: String, force: Bool) throws {
        if FileManager.default.fileExists(atPath: path), !force {
            guard Confirmation.isGiven("\(path) exists. Overwrite it?") else {
                Console.say("\(path) was left as it is")
                throw Outcome.failure
            }
        }
        do {
            try PrivateFile.write(text.utf8, to: path, replaces: true)
        } catch {
            Console.say("\(path) cannot be written: \(error)")
            throw Outcome.failure
        }
        Console.say("wrote \(path)")
    }
}

/// A question to the user at the terminal.
enum Confirmation {
    /// Anything but yes, also the end of the input, is no.
    static func isGiven(_ question: String) -> Bool {
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased()
        return answer == "y" || answer == "yes"
    }
}
