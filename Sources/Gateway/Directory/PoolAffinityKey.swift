import GoText
import PrometheusServer
import PrometheusWire

/// What chooses among the clusters of a pool: the same text about the same hour chooses the same
/// cluster, and the next hour may choose another, so that no cluster keeps the dearest queries.
enum PoolAffinityKey {
    static let bucket = Milliseconds(3_600_000)

    /// - Parameter now: for requests that name no time.
    static func of(_ request: PrometheusRequest, now: Timestamp) -> String {
        var texts = [request.parameter("query")] + request.parameters.all("match[]")
        texts.append(String(bucketNumber(of: request, now: now)))
        return texts.joined(separator: "\n")
    }

    private static func bucketNumber(of request: PrometheusRequest, now: Timestamp) -> Int64 {
        for name in ["end", "time"] {
            // What cannot be read is refused later, with the right words.
            if let time = try? request.reader.requiredTime(name) {
                return time.milliseconds.floorDivided(by: bucket.count)
            }
        }
        return now.milliseconds.floorDivided(by: bucket.count)
    }
}
