import EmbeddedPrometheus
import Foundation
import PrometheusServer

/// Answers as Mimir does: everything below `/prometheus`, a tenant by its header, a version and a
/// name of its own, and limits of the tenant.
struct MimirDouble: Sendable {
    /// What each tenant has.
    var tenants: [String: EmbeddedAPI]
    var version = "2.16.1"
    /// What the tenant's queries are answered with in place of data.
    var limit: Limit?
    let visits = Visits()

    enum Limit: Sendable {
        /// Too much under way.
        case requests
        /// Too much in one query.
        case chunks
    }

    static let tooManyRequests = "too many outstanding requests"
    static let tooManyChunks =
        "the query exceeded the maximum number of chunks (limit: 2000000 chunks) "
        + "(err-mimir-max-chunks-per-query)"

    var responder: PrometheusResponder { visits.responder { request in try await answer(request) } }

    private func answer(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let prefix = "/prometheus"
        guard request.path.hasPrefix(prefix + "/api/v1/") else { return Self.notFound }
        guard let tenant = request.headers["X-Scope-OrgID"], !tenant.isEmpty else {
            return .text(status: 401, "no org id\n", noSniff: true)
        }
        let path = String(request.path.dropFirst(prefix.count))
        if path == "/api/v1/status/buildinfo" {
            return .json(
                Array(
                    #"""
                    {"status":"success","data":{"application":"Grafana Mimir",\#
                    "version":"\#(version)","revision":"r","branch":"HEAD","goVersion":"go1.24",\#
                    "features":{"ruler_config_api":"true","federated_rules":"false"},\#
                    "buildUser":"u","buildDate":"d"}}
                    """#.utf8))
        }
        // Its own configuration stands elsewhere.
        if path.hasPrefix("/api/v1/status/") { return Self.notFound }
        if path.hasPrefix("/api/v1/query"), let limit {
            switch limit {
            case .requests:
                return Self.error(429, "too_many_requests", Self.tooManyRequests)
            case .chunks: return Self.error(422, "execution", Self.tooManyChunks)
            }
        }
        let api = tenants[tenant] ?? SampleData.api([])
        let query = request.parameters.pairs.map { pair in
            "\(pair.name.percentEncoded)=\(pair.value.percentEncoded)"
        }
        guard
            let inner = PrometheusRequest(
                method: "GET", target: "\(path)?\(query.joined(separator: "&"))")
        else { return Self.notFound }
        return await api.respond(to: inner)
    }

    private static let notFound = PrometheusResponse.text(
        status: 404, "404 page not found\n", noSniff: true)

    private static func error(
        _ status: Int, _ type: String, _ text: String
    ) -> PrometheusResponse {
        PrometheusResponse(
            status: status, headers: ["Content-Type": "application/json"],
            body: .bytes(
                Array(#"{"status":"error","errorType":"\#(type)","error":"\#(text)"}"#.utf8)))
    }
}
