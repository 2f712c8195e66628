import ArgumentParser
import Foundation
import GatewayConfiguration
import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// The administration API of a running gateway.
struct AdministrationClient {
    /// Why nothing was done, in words for people; never with the token.
    struct Failure: Error, CustomStringConvertible {
        var description: String
        /// Of HTTP; nil where there was no answer.
        var status: Int?
    }

    var connection: Connection

    private var server: ServerURL { connection.server }

    /// What is under `data` of the answer, and the answer.
    ///
    /// - Parameter path: From the root of the gateway, its segments percent-encoded.
    /// - Throws: `Failure`, in the gateway's own words where it has some.
    func send(
        _ method: TransferRequest.Method, _ path: String,
        query: [(name: String, value: String?)] = []
    ) async throws -> (data: JSONValue, body: [UInt8]) {
        let given = query.compactMap { name, value in value.map { (name: name, value: $0) } }
        let form = given.isEmpty ? "" : "?" + FormText.text(of: given)
        let answer: (status: Int, body: [UInt8])
        do throws(TransferError) {
            answer = try await connection.send(method, "\(server)\(path)\(form)")
        } catch {
            throw Failure(description: "\(server): \(error)")
        }
        let document = try? JSONValue(parsing: answer.body)
        guard (200..<300).contains(answer.status) else {
            throw Failure(
                description: document?["error"]?.text
                    ?? "\(server) answers with HTTP status \(answer.status)", status: answer.status)
        }
        guard let document else {
            throw Failure(description: "\(server) does not answer as a gateway does")
        }
        return (document["data"] ?? .null, answer.body)
    }

    /// Sends a document by POST.
    func post(_ document: JSONValue, _ path: String) async throws -> JSONValue {
        try await send(.send(body: document.bytes, type: "application/json"), path).data
    }

    /// Sends a document by PUT.
    func put(_ document: JSONValue, _ path: String) async throws {
        _ = try await send(.put(body: document.bytes), path)
    }

    /// What there is at a path; nil where there is nothing.
    func present(_ path: String) async throws -> JSONValue? {
        do {
            return try await send(.get, path).data
        } catch let failure as Failure where failure.status == 404 {
            return nil
        }
    }
}

// MARK: - Cluster pool attributes

extension AdministrationClient {
    private static let attributes = "/api/cluster-pool-attributes"

    /// The records of a project and domain, each left out for all.
    func attributes(project: String?, domain: String?) async throws -> [ClusterPoolAttribute] {
        let (data, _) = try await send(
            .get, Self.attributes, query: [("project", project), ("domain", domain)])
        return try data.items.map { record in
            guard let project = record["project"]?.text, let domain = record["domain"]?.text,
                let pool = record["clusterPoolName"]?.text
            else { throw Failure(description: "\(server) does not answer as a gateway does") }
            let workflow = record["workflow"]?.text
            return ClusterPoolAttribute(
                project: project, domain: domain, workflow: workflow == "" ? nil : workflow,
                clusterPoolName: pool)
        }
    }

    func put(_ attribute: ClusterPoolAttribute) async throws {
        try await put(Self.document(attribute), Self.attributes)
    }

    /// Removing what is not there succeeds.
    func delete(project: String, domain: String, workflow: String?) async throws {
        _ = try await send(
            .delete, Self.attributes,
            query: [("project", project), ("domain", domain), ("workflow", workflow)])
    }

    /// Its keys in alphabetical order.
    static func document(_ attribute: ClusterPoolAttribute) -> JSONValue {
        .object(
            [
                ("clusterPoolName", .string(attribute.clusterPoolName)),
                ("domain", .string(attribute.domain)), ("project", .string(attribute.project)),
            ] + (attribute.workflow.map { [("workflow", .string($0))] } ?? []))
    }
}
