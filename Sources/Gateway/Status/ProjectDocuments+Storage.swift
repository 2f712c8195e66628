import PrometheusAPI
import PrometheusHTTP

extension ProjectDocuments {
    private static let mostEntries = 10_000

    /// `status/tsdb`: sums over the members, each of which is asked for its longest lists.
    func storageStatistics(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        var limit = 10
        let text = request.parameter("limit")
        if !text.isEmpty {
            guard let number = Int(text), number >= 1 else {
                throw APIError.badData("limit must be a positive number")
            }
            guard number <= Self.mostEntries else {
                throw APIError.badData("limit must not exceed \(Self.mostEntries)")
            }
            limit = number
        }
        let gathered = await gather { _ in
            // VictoriaMetrics has another name for it.
            DocumentQuestion(
                "/status/tsdb",
                [("limit", String(Self.mostEntries)), ("topN", String(Self.mostEntries))])
        }
        var statistics = StorageStatistics(partition)
        for (member, data) in gathered.given { statistics.add(data, of: member) }
        return try gathered.response(statistics.json(limit: limit), try policy(request))
    }

    /// `status/tsdb/blocks`: of all members, the oldest first.
    func storageBlocks(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let gathered = await gather { _ in DocumentQuestion("/status/tsdb/blocks") }
        let blocks = gathered.given.flatMap { $0.data["blocks"]?.items ?? [] }
        let sorted = blocks.enumerated().sorted { left, right in
            let times = (
                left.element["minTime"]?.integer ?? 0, right.element["minTime"]?.integer ?? 0
            )
            return times.0 == times.1 ? left.offset < right.offset : times.0 < times.1
        }
        return try gathered.response(
            .object([("blocks", .array(sorted.map(\.element)))]), try policy(request))
    }
}
