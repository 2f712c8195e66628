import PrometheusServer
import Testing

/// An answer as a test looks at it.
struct TestAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: String
}

extension PrometheusResponder {
    /// Asks without a socket.
    func ask(
        _ target: String, method: String = "GET", headers: HTTPHeaders = [:], form: String? = nil
    ) async throws -> TestAnswer {
        var headers = headers
        if form != nil { headers["Content-Type"] = "application/x-www-form-urlencoded" }
        let request = try #require(
            PrometheusRequest(
                method: method, target: target, headers: headers, body: Array((form ?? "").utf8)))
        let (status, answered, body) = try await respond(to: request).collected()
        return TestAnswer(
            status: status, headers: answered, body: String(decoding: body, as: UTF8.self))
    }

    /// An instant query of a project, sent as a form.
    func query(
        _ text: String, of project: String, headers: HTTPHeaders = [:]
    ) async throws -> TestAnswer {
        try await ask(
            "/p/\(project)/api/v1/query", method: "POST", headers: headers,
            form: "query=\(text.percentEncoded)")
    }
}

extension String {
    /// Every byte as `%` and two digits, which is right in forms and in every part of a URL.
    var percentEncoded: String {
        utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
