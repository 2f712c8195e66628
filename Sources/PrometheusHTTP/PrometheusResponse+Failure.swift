public import PrometheusAPI

extension PrometheusResponse {
    /// A refusal in Prometheus's shape.
    public static func failure(_ error: APIError) -> PrometheusResponse {
        .json(status: error.kind.status, error.json)
    }

    /// The answer to whatever a handler threw: refusals as they are, cancellation as 499, anything
    /// else as 500 `internal` with its description.
    public static func failure(_ error: any Error) -> PrometheusResponse {
        switch error {
        case let refusal as APIError: failure(refusal)
        case is CancellationError: failure(APIError(.canceled, "context canceled"))
        default: failure(APIError(.internal, "\(error)"))
        }
    }

    /// What is no request, in the same shape, where Go's own server answers with plain text.
    static func failure(_ error: MalformedRequest) -> PrometheusResponse {
        var response = PrometheusResponse.json(
            status: error.status, APIError.badData(error.message).json)
        response.headers["Connection"] = "close"
        return response
    }
}
