import Foundation
import Gateway
import Projects
import PrometheusHTTP

/// Asks a gateway of this process, without a socket.
enum InProcessQuery {
    struct NotARequest: Error {}

    /// The answer's JSON to an instant query of the default project.
    static func instant(_ query: String, of application: GatewayApplication) async throws -> [UInt8]
    {
        let form = FormText.of([("query", query)])
        guard
            let request = PrometheusRequest(
                method: "POST", target: "\(application.configuration.urlBasePath)/api/v1/query",
                headers: ["Content-Type": "application/x-www-form-urlencoded"], body: form)
        else { throw NotARequest() }
        return try await application.responder.respond(to: request).collected().body
    }
}
