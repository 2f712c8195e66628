import EmbeddedPrometheus
import Foundation
import PrometheusServer

/// Answers as a Coroot answers another one that reads from it: four
/// endpoints behind a key, and a page of HTML with status 200 for everything else.
struct RemoteCorootDouble: Sendable {
    enum Backing: Sendable {
        /// Answers are passed through.
        case prometheus(EmbeddedAPI)
        /// Errors have status 200, seconds are whole, and the type is a guess.
        case clickHouse(EmbeddedAPI)
        /// The Prometheus behind it is not there.
        case down
    }

    var key: String
    var backing: Backing
    /// "" or `/prefix`; paths outside of it are sent there.
    var basePath = ""
    let visits = Visits()

    static let page = "<!DOCTYPE html><html><head><title>Coroot</title></head></html>"

    var responder: PrometheusResponder {
        visits.responder { request in try await answer(request) }
    }

    private func answer(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        guard request.path.hasPrefix(basePath) else {
            return PrometheusResponse(status: 301, headers: ["Location": basePath + "/"])
        }
        let path = String(request.path.dropFirst(basePath.count))
        guard Self.isServed(path) else {
            return PrometheusResponse(
                headers: ["Content-Type": "text/html; charset=utf-8"],
                body: .bytes(Array(Self.page.utf8)))
        }
        guard let presented = request.headers["X-API-Key"], !presented.isEmpty else {
            return .text(status: 400, "no api key\n")
        }
        guard presented == key else { return .text(status: 404, "no project found\n") }
        switch backing {
        case .down: return .text(status: 500, "\n")
        case .prometheus(let api): return try await pass(request, path, to: api)
        case .clickHouse(let api):
            let (status, _, body) = try await pass(request, path, to: api).collected()
            var response = PrometheusResponse.text(String(decoding: body, as: UTF8.self))
            if status != 200 { response = .text(Self.error(String(decoding: body, as: UTF8.self))) }
            return response
        }
    }

    private static func isServed(_ path: String) -> Bool {
        ["/api/v1/query_range", "/api/v1/series", "/api/v1/metadata"].contains(path)
            || path.hasPrefix("/api/v1/label/") && path.hasSuffix("/values")
    }

    /// Execution errors carry data and the type `internal`; only bad parameters keep theirs.
    private static func error(_ body: String) -> String {
        if body.contains("\"bad_data\""), !body.contains("\\\"query\\\"") { return body }
        let text = body.components(separatedBy: "\"error\":").last ?? "\"\"}"
        return #"{"status":"error","data":{"resultType":"","result":null},"errorType":"internal","#
            + #""error":\#(text)"#
    }

    private func pass(
        _ request: PrometheusRequest, _ path: String, to api: EmbeddedAPI
    ) async throws -> PrometheusResponse {
        var pairs = request.parameters.pairs
        if case .clickHouse = backing {
            for index in pairs.indices where ["start", "end"].contains(pairs[index].name) {
                pairs[index].value = String(pairs[index].value.prefix { $0 != "." })
            }
        }
        let query = pairs.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
        guard
            let inner = PrometheusRequest(
                method: "GET", target: "\(path)?\(query.joined(separator: "&"))")
        else { return .text(status: 400, "\n") }
        return await api.respond(to: inner)
    }
}
