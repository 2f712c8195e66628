import ArgumentParser
import Foundation
import GatewayConfiguration
import GoText
import HTTPTransport
import UpstreamSettings

/// The cluster pool attributes of a running gateway, over its administration API.
struct AdministrationClient {
    /// Why nothing was done, in words for people; never with the token.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    var connection: Connection

    private var server: ServerURL { connection.server }

    private static let path = "/api/cluster-pool-attributes"

    /// A record as the API writes it.
    private struct Record: Codable {
        var project: String
        var domain: String
        var workflow: String?
        var clusterPoolName: String
    }

    private struct Listing: Decodable { var data: [Record] }
    private struct Refusal: Decodable { var error: String }

    /// The records of a project and domain, each left out for all.
    func list(project: String?, domain: String?) async throws -> [ClusterPoolAttribute] {
        let body = try await send(
            .get, query: [("project", project), ("domain", domain)])
        do {
            return try JSONDecoder().decode(Listing.self, from: body).data.map {
                ClusterPoolAttribute(
                    project: $0.project, domain: $0.domain,
                    workflow: $0.workflow == "" ? nil : $0.workflow,
                    clusterPoolName: $0.clusterPoolName)
            }
        } catch {
            throw Failure(description: "\(server) does not answer as a gateway does")
        }
    }

    func put(_ attribute: ClusterPoolAttribute) async throws {
        _ = try await send(.put(body: Array(try Self.json(attribute))), query: [])
    }

    /// Removing what is not there succeeds.
    func delete(project: String, domain: String, workflow: String?) async throws {
        _ = try await send(
            .delete, query: [("project", project), ("domain", domain), ("workflow", workflow)])
    }

    /// One line of JSON, its keys in alphabetical order.
    static func json(_ attribute: ClusterPoolAttribute) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(
            Record(
                project: attribute.project, domain: attribute.domain, workflow: attribute.workflow,
                clusterPoolName: attribute.clusterPoolName))
    }

    private func send(
        _ method: TransferRequest.Method, query: [(name: String, value: String?)]
    ) async throws -> Data {
        let given = query.compactMap { name, value in value.map { (name: name, value: $0) } }
        let form = given.isEmpty ? "" : "?" + FormText.text(of: given)
        let answer: (status: Int, body: [UInt8])
        do throws(TransferError) {
            answer = try await connection.send(method, "\(server)\(Self.path)\(form)")
        } catch {
            throw Failure(description: "\(server): \(error)")
        }
        let body = Data(answer.body)
        guard (200..<300).contains(answer.status) else {
            let said = try? JSONDecoder().decode(Refusal.self, from: body).error
            throw Failure(
                description: said ?? "\(server) answers with HTTP status \(answer.status)")
        }
        return body
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
