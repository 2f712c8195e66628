import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import Synchronization
import Testing
import UpstreamSettings

@testable import Federation
@testable import Gateway

/// A gateway with a store of its own, asked without a socket.
final class TestGateway: Sendable {
    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: String
    }

    let application: GatewayApplication
    let directory: String
    private let audit: Lines

    private final class Lines: Sendable {
        let lines = Mutex<[String]>([])
    }

    /// - Parameters:
    ///   - yaml: The configuration, read again at each reload from `yaml`.
    ///   - directory: Where the store is, when not in a directory of its own.
    ///   - store: Another store than SQLite.
    ///   - secrets: Where secrets by name are.
    init(
        _ yaml: String, directory: String? = nil, store: (any ProjectStore)? = nil,
        secrets: SecretFiles? = nil
    ) async throws {
        let directory =
            directory ?? NSTemporaryDirectory() + "tributary-store-\(UUID().uuidString)"
        self.directory = directory
        let store = try store ?? SQLiteProjectStore(directory: directory)
        let audit = Lines()
        self.audit = audit
        let known = try await store.contents().regularProjects
        let configuration = try Configuration.parse(
            yaml, path: "c.yaml", secrets: secrets, existingProjects: known)
        let text = Text(yaml)
        let source = ConfigurationSource { (reading) throws(ConfigurationSource.Refused) in
            do throws(ConfigurationErrors) {
                return try Configuration.parse(
                    text.value.withLock { $0 }, path: "c.yaml", secrets: secrets,
                    existingProjects: reading.existing)
            } catch {
                throw ConfigurationSource.Refused(error.description)
            }
        }
        self.text = text
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        application = try await GatewayApplication(
            configuration: configuration, store: store, source: source,
            audit: AuditLog { line in audit.lines.withLock { $0.append(line) } }, logger: logger
        ).closedAtTheEnd()
    }

    private final class Text: Sendable {
        let value: Mutex<String>
        init(_ text: String) { value = Mutex(text) }
    }

    private let text: Text

    /// What the configuration file holds at the next reload.
    func write(_ yaml: String) { text.value.withLock { $0 = yaml } }

    var audited: [String] { audit.lines.withLock { $0 } }

    func send(
        _ method: String, _ target: String,
        headers: HTTPHeaders = [
            "Authorization": "Bearer root-token", "Content-Type": "application/json",
        ], body: String = ""
    ) async throws -> Answer {
        let request = try #require(
            PrometheusRequest(
                method: method, target: target, headers: headers, body: Array(body.utf8)))
        let (status, fields, bytes) = try await application.responder.respond(to: request)
            .collected()
        return Answer(
            status: status, headers: fields, body: String(decoding: bytes, as: UTF8.self))
    }

    func get(_ target: String) async throws -> Answer { try await send("GET", target) }

    func put(_ target: String, _ body: String) async throws -> Answer {
        try await send("PUT", target, body: body)
    }
}
