import EmbeddedPrometheus
import PrometheusServer

/// A server that moves ranges to multiples of their step, before the real one sees them.
struct AligningDouble: Sendable {
    enum Manner: Sendable {
        /// As Mimir and the query frontend of Thanos do.
        case always
        /// As VictoriaMetrics does: ranges of 50 steps or more, unless its cache is left alone.
        case withCache(isMarked: Bool)
        /// Not at all.
        case never
    }

    var api: EmbeddedAPI
    var manner: Manner
    let visits = Visits()

    var responder: PrometheusResponder {
        visits.responder { request in try await answer(request) }
    }

    private func answer(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        var pairs = request.parameters.pairs.map { (name: $0.name, value: $0.value) }
        if request.path == "/api/v1/query_range",
            let start = Double(request.parameter("start")),
            let end = Double(request.parameter("end")),
            let step = Double(request.parameter("step")), moves(request, (end - start) / step + 1)
        {
            let moved = (start / step).rounded(.down) * step
            // As many steps as were asked for.
            let last = moved + ((end - start) / step).rounded(.down) * step
            pairs.removeAll { ["start", "end"].contains($0.name) }
            pairs.append((name: "start", value: "\(moved)"))
            pairs.append((name: "end", value: "\(last)"))
        }
        let query = pairs.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
        guard
            let inner = PrometheusRequest(
                method: "GET", target: "\(request.path)?\(query.joined(separator: "&"))")
        else { return .text(status: 404, "404 page not found\n", noSniff: true) }
        var response = await api.respond(to: inner)
        if case .withCache(isMarked: true) = manner {
            response.headers["X-Server-Hostname"] = "vm"
        }
        return response
    }

    private func moves(_ request: PrometheusRequest, _ steps: Double) -> Bool {
        switch manner {
        case .always: true
        case .withCache: steps >= 50 && request.parameter("nocache") != "1"
        case .never: false
        }
    }
}
