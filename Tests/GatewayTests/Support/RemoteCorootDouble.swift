import EmbeddedPrometheus
import Foundation
import PromQL
import PrometheusServer

/// Answers as a Coroot answers another one that reads from it: four
/// endpoints behind a key, and a page of HTML with status 200 for everything else.
struct RemoteCorootDouble: Sendable {
    enum Backing: Sendable {
        /// Answers are passed through.
        case prometheus(EmbeddedAPI)
        /// It evaluates queries itself, over ClickHouse: errors have status 200, the type is a
        /// guess, times are whole seconds, regular expressions match anywhere, labels that a series
        /// lacks have a value, and `metadata` of one metric is broken.
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
        case .prometheus(let api):
            return try await pass(request.parameters.pairs, path, to: api)
        case .clickHouse(let api): return try await evaluate(request, path, over: api)
        }
    }

    private static func isServed(_ path: String) -> Bool {
        ["/api/v1/query_range", "/api/v1/series", "/api/v1/metadata"].contains(path)
            || path.hasPrefix("/api/v1/label/") && path.hasSuffix("/values")
    }

    private func pass(
        _ pairs: [FormValues.Pair], _ path: String, to api: EmbeddedAPI
    ) async throws -> PrometheusResponse {
        let query = pairs.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
        guard
            let inner = PrometheusRequest(
                method: "GET", target: "\(path)?\(query.joined(separator: "&"))")
        else { return .text(status: 400, "\n") }
        return await api.respond(to: inner)
    }

    // MARK: Over ClickHouse

    private func evaluate(
        _ request: PrometheusRequest, _ path: String, over api: EmbeddedAPI
    ) async throws -> PrometheusResponse {
        if path == "/api/v1/metadata", !request.parameter("metric").isEmpty {
            return .text(Self.error("code: 62, message: Syntax error: failed at position 1\"}"))
        }
        var pairs = request.parameters.pairs
        for index in pairs.indices {
            switch pairs[index].name {
            case "start", "end":
                pairs[index].value = String(pairs[index].value.prefix { $0 != "." })
            case "query", "match[]": pairs[index].value = Self.unanchored(pairs[index].value)
            default: break
            }
        }
        // Series and values are those of the last hour, whatever was asked.
        if path != "/api/v1/query_range" {
            pairs.removeAll { ["start", "end"].contains($0.name) }
        }
        let (status, _, bytes) = try await pass(pairs, path, to: api).collected()
        var body = String(decoding: bytes, as: UTF8.self)
        if status != 200 {
            if body.contains("\"bad_data\""), !body.contains("\\\"query\\\"") {
                return .text(body)
            }
            return .text(Self.error(body.components(separatedBy: "\"error\":\"").last ?? "\"}"))
        }
        if path == "/api/v1/series" { body = body.replacing(#""data":[]"#, with: #""data":null"#) }
        if path.hasSuffix("/values") {
            body = body.replacing(#""data":["#, with: #""data":["","#).replacing(",]", with: "]")
        }
        return .text(body)
    }

    /// Execution errors carry data and the type `internal`; only bad parameters keep theirs.
    private static func error(_ rest: String) -> String {
        #"{"status":"error","data":{"resultType":"","result":null},"errorType":"internal","#
            + #""error":"\#(rest)"#
    }

    /// The query with what its expressions mean to ClickHouse's `match`.
    private static func unanchored(_ text: String) -> String {
        guard let tree = try? parseExpression(text, options: ParserOptions()) else { return text }
        return tree.mapSelectors { selector in
            var found = selector
            found.matchers = selector.matchers.map { matcher in
                switch matcher.op {
                case .equal, .notEqual: matcher
                case .regexMatch, .regexNoMatch:
                    LabelMatcher(matcher.name, matcher.op, "(?s:.*)(?:\(matcher.value))(?s:.*)")
                }
            }
            return found
        }.description
    }
}
