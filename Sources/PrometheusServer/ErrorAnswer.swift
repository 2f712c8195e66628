import PrometheusWire

/// The answer to an error that a handler threw.
public enum ErrorAnswer {
    public static func of(_ error: any Error) -> PrometheusResponse {
        switch error {
        case let error as APIError:
            var response = PrometheusResponse.json(status: error.status, error.json)
            if error.kind == .unauthorized { response.headers["WWW-Authenticate"] = "Bearer" }
            return response
        case is CancellationError:
            return of(APIError(.canceled, "context canceled"))
        default:
            return .failure(error)
        }
    }
}
