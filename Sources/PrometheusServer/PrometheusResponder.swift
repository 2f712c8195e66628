/// From a request to its answer: routes, readiness, CORS, compression and errors, in the order of
/// the reference. Needs no socket.
public struct PrometheusResponder: Sendable {
    /// The routes in force. Asked once a request, which is answered by them to its end.
    public var routes: @Sendable () -> RouteTable
    public var readiness: Readiness
    public var cors: CORSPolicy
    /// Turns what a handler threw into an answer.
    public var answerToError: @Sendable (any Error) -> PrometheusResponse

    public init(
        routes: RouteTable, readiness: Readiness = Readiness(.ready),
        cors: CORSPolicy = .anyOrigin,
        answerToError: @escaping @Sendable (any Error) -> PrometheusResponse = {
            PrometheusResponse.failure($0)
        }
    ) {
        self.init(
            currentRoutes: { routes }, readiness: readiness, cors: cors,
            answerToError: answerToError)
    }

    /// - Parameter currentRoutes: gives the routes in force, which may change between requests.
    public init(
        currentRoutes: @escaping @Sendable () -> RouteTable,
        readiness: Readiness = Readiness(.ready), cors: CORSPolicy = .anyOrigin,
        answerToError: @escaping @Sendable (any Error) -> PrometheusResponse = {
            PrometheusResponse.failure($0)
        }
    ) {
        self.routes = currentRoutes
        self.readiness = readiness
        self.cors = cors
        self.answerToError = answerToError
    }

    public func respond(to request: PrometheusRequest) async -> PrometheusResponse {
        await answer(request).response
    }

    /// The answer and the pattern of the route that gave it.
    func answer(
        _ request: PrometheusRequest
    ) async -> (response: PrometheusResponse, endpoint: RouteTable.Endpoint?) {
        switch routes().resolve(request) {
        case .refusal(let response):
            return (trimmed(response, for: request), nil)
        case .options(let traits):
            let empty = PrometheusResponse(status: 204)
            return (dressed(empty, with: traits, for: request), nil)
        case .endpoint(let endpoint, let parameters):
            if endpoint.traits.contains(.readyGated), let refusal = readiness.refusal {
                return (trimmed(refusal, for: request), endpoint)
            }
            var request = request
            request.pathParameters = parameters
            let response: PrometheusResponse
            do {
                response = try await endpoint.handler(request)
            } catch {
                response = answerToError(error)
            }
            return (dressed(response, with: endpoint.traits, for: request), endpoint)
        }
    }

    /// An answer with what the route's traits add to it.
    func dressed(
        _ response: PrometheusResponse, with traits: RouteTraits, for request: PrometheusRequest
    ) -> PrometheusResponse {
        var response = response
        if traits.contains(.compressed) {
            response.headers.add("Vary", "Accept-Encoding")
            let accepted = request.headers.values(of: "Accept-Encoding").first
            if let coding = ContentCoding.chosen(byAcceptEncoding: accepted), response.hasBody {
                response.coding = coding
                response.headers["Content-Encoding"] = coding.rawValue
                response.headers["Content-Length"] = nil
            }
        }
        if traits.contains(.crossOrigin) {
            cors.apply(to: &response.headers, origin: request.headers["Origin"])
        }
        return trimmed(response, for: request)
    }

    /// To HEAD the same head is sent, and nothing after it.
    private func trimmed(
        _ response: PrometheusResponse, for request: PrometheusRequest
    ) -> PrometheusResponse {
        guard request.method == "HEAD" else { return response }
        var response = response
        if case .bytes(let bytes) = response.body, response.coding == nil {
            response.headers["Content-Length"] = String(bytes.count)
        }
        response.body = .empty
        return response
    }
}
