import PrometheusHTTP

extension ProjectDocuments {
    /// `alertmanagers`: of all members, each URL once, in the order of the URLs.
    func alertmanagers(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let gathered = await gather { _ in DocumentQuestion("/alertmanagers") }
        func union(_ key: String) -> JSONValue {
            let urls = gathered.given.flatMap { $0.data[key]?.items ?? [] }
                .compactMap { $0["url"]?.text }.map(ByteString.init)
            return .array(
                Set(urls).sorted().map { .object([("url", .string($0.text))]) })
        }
        return try gathered.response(
            .object([
                ("activeAlertmanagers", union("activeAlertmanagers")),
                ("droppedAlertmanagers", union("droppedAlertmanagers")),
            ]), try policy(request))
    }
}
