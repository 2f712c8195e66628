import ArgumentParser
import Foundation
import Projects

/// Which gateway is administered, and by whom.
struct GatewayOptions: ParsableArguments {
    @Option(help: "The gateway, with its base path if it has one.")
    var gateway = "http://127.0.0.1:9090"
    @Option(
        help: "File with a token that may administer; else the environment's TRIBUTARY_TOKEN.")
    var tokenFile: String?

    func client() throws -> AdministrationClient {
        let server: ServerURL
        do throws(ServerURL.Problem) {
            server = try ServerURL(gateway)
        } catch {
            throw ValidationError("\(gateway) \(error.text).")
        }
        return AdministrationClient(server: server, token: try token())
    }

    private func token() throws -> Secret? {
        if let tokenFile {
            switch Secret.read(file: tokenFile) {
            case .success(let token): return token
            case .failure(let problem):
                Console.say("\(tokenFile): \(problem)")
                throw Outcome.invalid
            }
        }
        switch Secret.read(text: ProcessInfo.processInfo.environment["TRIBUTARY_TOKEN"] ?? "") {
        case .success(let token): return token
        case .failure(let problem):
            Console.say("TRIBUTARY_TOKEN \(problem)")
            throw Outcome.invalid
        }
    }
}

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
    @Flag(name: .customLong("dryRun"), help: "Show what would be done, and do nothing.")
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
