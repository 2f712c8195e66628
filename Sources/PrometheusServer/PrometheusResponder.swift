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
        switch admission(of: request) {
        case .answered(let response, _): return response
        case .endpoint(let endpoint, let parameters, _):
            return await answer(request, by: endpoint, parameters)
        }
    }

    /// What the head of a request decides.
    enum Admission {
        /// No body changes the answer.
        case answered(PrometheusResponse, RouteTable.Endpoint?)
        /// - takesBody: False when the endpoint is to refuse the request, without its body.
        case endpoint(
            RouteTable.Endpoint, parameters: [String: String], takesBody: Bool)
    }

    /// Looks at the head of a request alone.
    func admission(of request: PrometheusRequest) -> Admission {
        let routes = routes()
        switch routes.resolve(request) {
        case .refusal(let response):
            return .answered(trimmed(response, for: request), nil)
        case .options(let traits):
            let empty = PrometheusResponse(status: 204)
            return .answered(dressed(empty, with: traits, for: request), nil)
        case .endpoint(let endpoint, let parameters):
            if endpoint.traits.contains(.readyGated), let refusal = readiness.refusal {
                return .answered(trimmed(refusal, for: request), endpoint)
            }
            return .endpoint(
                endpoint, parameters: parameters,
                takesBody: routes.takesBody(request.headers, endpoint.traits))
        }
    }

    /// The answer of the endpoint that a request was found to be for.
    func answer(
        _ request: PrometheusRequest, by endpoint: RouteTable.Endpoint,
        _ parameters: [String: String]
    ) async -> PrometheusResponse {
        var request = request
        request.pathParameters = parameters
        let response: PrometheusResponse
        do {
            response = try await endpoint.handler(request)
        } catch {
            response = answerToError(error)
        }
        return dressed(response, with: endpoint.traits, for: request)
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
