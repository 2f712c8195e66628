import EmbeddedPrometheus
import PrometheusServer

/// Answers as Thanos Query does: the Prometheus API without remote read and without its
/// configuration, a version of its own, a line break behind every answer, an `analysis` beside the
/// result, and, unless `partial_response` forbids it, answers without the stores it cannot reach.
struct ThanosQueryDouble: Sendable {
    var api: EmbeddedAPI
    /// Why a store is missing.
    var missingStore: String?
    let visits = Visits()

    var responder: PrometheusResponder { visits.responder { request in try await answer(request) } }

    private static let version = """
        {"status":"success","data":{"version":"0.38.0","revision":"r","branch":"HEAD",\
        "buildUser":"u","buildDate":"20250401","goVersion":"go1.24"}}

        """

    private func answer(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let path = request.path
        if path == "/api/v1/status/buildinfo" { return .json(Array(Self.version.utf8)) }
        let isServed =
            [
                "/api/v1/query", "/api/v1/query_range", "/api/v1/labels", "/api/v1/series",
                "/api/v1/metadata", "/api/v1/rules", "/api/v1/targets", "/api/v1/alerts",
                "/api/v1/query_exemplars",
            ].contains(path) || path.hasPrefix("/api/v1/label/") && path.hasSuffix("/values")
        guard isServed else { return .text(status: 404, "404 page not found\n", noSniff: true) }
        let isQuery = path.hasPrefix("/api/v1/query")
        if let missingStore, isQuery, request.parameter("partial_response") == "false" {
            return PrometheusResponse(
                status: 422, headers: ["Content-Type": "application/json"],
                body: .bytes(
                    Array(
                        #"{"status":"error","errorType":"execution","error":"\#(missingStore)"}"#
                            .utf8) + [10]))
        }
        let (status, _, bytes) = try await api.respond(to: request).collected()
        var body = String(decoding: bytes, as: UTF8.self)
        if isQuery, status == 200, body.hasSuffix("}}") {
            let warning = missingStore.map { #","warnings":["\#($0)"]"# } ?? ""
            body = "\(body.dropLast(2)),\"analysis\":{}}\(warning)}"
        }
        return PrometheusResponse(
            status: status,
            headers: ["Content-Type": "application/json", "Access-Control-Allow-Origin": "*"],
            body: .bytes(Array((body + "\n").utf8)))
    }
}
