extension PrometheusResponse {
    /// The answer to an error that a handler threw.
    public static func failure(_ error: any Error) -> PrometheusResponse {
        .json(status: 500, Array("{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"\(error)\"}".utf8))
    }
}
