import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries

/// The statistics of several members' storages, added up as far as they can be.
struct StorageStatistics: Sendable {
    private let partition: PartitionLabel
    private var series: Int64 = 0
    private var labelPairs: Int64 = 0
    private var chunks: Int64 = 0
    /// Of what the heads hold; nil while none holds anything.
    private var times: ClosedRange<Timestamp>?
    /// Where heads that hold nothing begin.
    private var emptyTimes: ClosedRange<Timestamp>?
    private var seriesByName: [ByteString: Int64] = [:]
    /// The most of any member: two members may have the same values, or different ones.
    private var valuesByLabel: [ByteString: Int64] = [:]
    private var bytesByLabel: [ByteString: Int64] = [:]
    private var seriesByPair: [ByteString: Int64] = [:]
    /// Of members that hold something, the values of each label that is added.
    private var added: [String: Set<ByteString>] = [:]

    init(_ partition: PartitionLabel) { self.partition = partition }

    /// Adds what `status/tsdb` of a member says.
    mutating func add(_ data: JSONValue, of member: String) {
        let head = data["headStats"]
        let labels = partition.labels(of: member)
        // VictoriaMetrics has no head, and tells its series in a place of its own.
        let held = (head?["numSeries"] ?? data["totalSeries"])?.integer ?? 0
        series = Self.sum(series, held)
        labelPairs = Self.sum(labelPairs, head?["numLabelPairs"]?.integer ?? 0)
        chunks = Self.sum(chunks, head?["chunkCount"]?.integer ?? 0)
        if held > 0 {
            times = Self.spanned(times, head)
            for label in labels.labels where !label.value.isEmpty {
                added[label.name, default: []].insert(ByteString(label.value))
                let pair = ByteString("\(label.name)=\(label.value)")
                seriesByPair[pair] = Self.sum(seriesByPair[pair] ?? 0, held)
            }
        } else {
            emptyTimes = Self.spanned(emptyTimes, head)
        }
        for (name, value) in Self.entries(data["seriesCountByMetricName"]) {
            seriesByName[ByteString(name)] = Self.sum(seriesByName[ByteString(name)] ?? 0, value)
        }
        for (name, value) in Self.entries(data["labelValueCountByLabelName"]) {
            let key = ByteString(labels.visibleName(of: name))
            valuesByLabel[key] = max(valuesByLabel[key] ?? 0, value)
        }
        for (name, value) in Self.entries(data["memoryInBytesByLabelName"]) {
            let key = ByteString(labels.visibleName(of: name))
            bytesByLabel[key] = Self.sum(bytesByLabel[key] ?? 0, value)
        }
        for (pair, value) in Self.entries(data["seriesCountByLabelValuePair"]) {
            let name = pair.prefix { $0 != "=" }
            let key = ByteString(
                labels.visibleName(of: String(name)) + pair.dropFirst(name.count))
            seriesByPair[key] = Self.sum(seriesByPair[key] ?? 0, value)
        }
    }

    /// As `status/tsdb` answers, with so many entries in each list.
    func json(limit: Int) -> JSONValue {
        let times = times ?? emptyTimes
        var values = valuesByLabel
        for (name, found) in added {
            values[ByteString(name)] = max(values[ByteString(name)] ?? 0, Int64(found.count))
        }
        return .object([
            (
                "headStats",
                .object([
                    ("numSeries", .integer(series)), ("numLabelPairs", .integer(labelPairs)),
                    ("chunkCount", .integer(chunks)),
                    // What a storage says of itself while it is empty.
                    ("minTime", .integer(times?.lowerBound.milliseconds ?? .max)),
                    ("maxTime", .integer(times?.upperBound.milliseconds ?? .min)),
                ])
            ),
            ("seriesCountByMetricName", Self.list(seriesByName, limit)),
            ("labelValueCountByLabelName", Self.list(values, limit)),
            ("memoryInBytesByLabelName", Self.list(bytesByLabel, limit)),
            ("seriesCountByLabelValuePair", Self.list(seriesByPair, limit)),
        ])
    }

    /// A range that includes a head's. A head that never held anything has none.
    private static func spanned(
        _ times: ClosedRange<Timestamp>?, _ head: JSONValue?
    ) -> ClosedRange<Timestamp>? {
        guard let from = head?["minTime"]?.integer, let to = head?["maxTime"]?.integer, from <= to
        else { return times }
        let (first, last) = (Timestamp(milliseconds: from), Timestamp(milliseconds: to))
        return min(times?.lowerBound ?? first, first)...max(times?.upperBound ?? last, last)
    }

    private static func entries(_ list: JSONValue?) -> [(name: String, value: Int64)] {
        (list?.items ?? []).compactMap { entry in
            guard let name = entry["name"]?.text, let value = entry["value"]?.integer else {
                return nil
            }
            return (name, value)
        }
    }

    /// The largest first, then by name.
    private static func list(_ counts: [ByteString: Int64], _ limit: Int) -> JSONValue {
        let sorted = counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        return .array(
            sorted.prefix(limit).map {
                .object([("name", .string($0.key.text)), ("value", .integer($0.value))])
            })
    }

    /// Members may send any number.
    private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (a < 0 ? .min : .max) : sum
    }
}

extension AuxiliaryEndpoints {
    private static let mostEntries = 10_000

    /// `status/tsdb`: sums over the members, each of which is asked for its longest lists.
    public func storageStatistics(_ request: PrometheusRequest) async throws -> PrometheusResponse {
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
                "/status/tsdb", .storageStatistics,
                [("limit", String(Self.mostEntries)), ("topN", String(Self.mostEntries))])
        }
        var statistics = StorageStatistics(partition)
        for (member, data) in gathered.given { statistics.add(data, of: member) }
        return try gathered.response(statistics.json(limit: limit), try policy(request))
    }

    /// `status/tsdb/blocks`: of all members, the oldest first.
    public func storageBlocks(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let gathered = await gather { _ in DocumentQuestion("/status/tsdb/blocks", .storageBlocks) }
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
