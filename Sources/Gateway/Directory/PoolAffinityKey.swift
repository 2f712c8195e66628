import PrometheusServer
import PrometheusWire

/// What chooses among the clusters of a pool: the same text about the same hour chooses the same
/// cluster, and the next hour may choose another, so that no cluster keeps the dearest queries.
enum PoolAffinityKey {
    /// Milliseconds.
    static let bucket: Int64 = 3_600_000

    /// - Parameter now: milliseconds since the epoch, for requests that name no time.
    static func of(_ request: PrometheusRequest, now: Int64) -> String {
        var texts = [request.parameter("query")] + request.parameters.all("match[]")
        texts.append(String(bucketNumber(of: request, now: now)))
        return texts.joined(separator: "\n")
    }

    private static func bucketNumber(of request: PrometheusRequest, now: Int64) -> Int64 {
        for name in ["end", "time"] {
            // What cannot be read is refused later, with the right words.
            if let time = try? request.reader.requiredTime(name) {
                return time.flooredQuotient(by: bucket)
            }
        }
        return now.flooredQuotient(by: bucket)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
