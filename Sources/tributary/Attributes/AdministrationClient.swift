import Foundation
import Members
import Projects

/// The cluster pool attributes of a running gateway, over its administration API.
struct AdministrationClient {
    /// Why nothing was done, in words for people; never with the token.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    var server: ServerURL
    var token: Secret?

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
        let form = given.isEmpty ? "" : "?" + String(decoding: FormText.of(given), as: UTF8.self)
        var headers = HeaderFields()
        headers.append(name: "Accept", value: "application/json")
        if case .put = method { headers.append(name: "Content-Type", value: "application/json") }
        if let token { headers.append(name: "Authorization", value: "Bearer \(token.exposed)") }
        let transport = try CurlMulti()
        let answer: (status: Int, body: Data)
        do {
            let response = try await transport.execute(
                TransferRequest(
                    url: "\(server)\(Self.path)\(form)", method: method, headers: headers,
                    timeout: 30_000, maximumBytes: 64 << 20))
            var body = Data()
            for try await chunk in response.body { body.append(contentsOf: chunk) }
            answer = (response.status, body)
        } catch {
            await transport.shutdown()
            throw Failure(description: "\(server): \(error)")
        }
        await transport.shutdown()
        guard (200..<300).contains(answer.status) else {
            let said = try? JSONDecoder().decode(Refusal.self, from: answer.body).error
            throw Failure(
                description: said ?? "\(server) answers with HTTP status \(answer.status)")
        }
        return answer.body
    }
}
