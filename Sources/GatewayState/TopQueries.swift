import GoText
public import PrometheusServer
public import PrometheusWire
import RequestTelemetry
import Synchronization

/// What queries cost since the start, by text. There are so many texts at most: a new one takes the
/// place of the one that cost the least time.
public final class TopQueries: Sendable {
    /// What the list can be sorted by.
    public enum Measure: String, Sendable, CaseIterable {
        /// From a request's head to the end of its answer.
        case time
        /// Of bodies that members sent, inflated.
        case bytes
        case count
        case failures

        /// - Throws: the refusal of another word.
        public init(_ text: String) throws(APIError) {
            guard let measure = text.isEmpty ? .time : Measure(rawValue: text) else {
                throw .parameter("by", "must be one of time, bytes, count, failures")
            }
            self = measure
        }
    }

    private struct Cost {
        var count = 0
        var failures = 0
        var time = Duration.zero
        var longest = Duration.zero
        var bytes = 0
        var last = Timestamp.epoch

        func amount(_ measure: Measure) -> Double {
            switch measure {
            case .time: time / .seconds(1)
            case .bytes: Double(bytes)
            case .count: Double(count)
            case .failures: Double(failures)
            }
        }
    }

    private let most: Int
    private let costs = Mutex<[String: Cost]>([:])
    private let began = WallClock.now()

    /// - Parameter most: Texts at once.
    public init(most: Int = 1000) { self.most = most }

    /// Counts a request, if it was a query.
    public func record(_ request: CompletedRequest) {
        guard let contents = request.scope?.record?.contents, let query = contents.query else {
            return
        }
        let text = QueryText.normal(query)
        let bytes = contents.requests.reduce(0) { $0 + $1.bytes }
        let hasFailed = request.status >= 400 || !request.isWhole
        costs.withLock { costs in
            if costs[text] == nil, costs.count >= most,
                let least = costs.min(by: { $0.value.time < $1.value.time })
            {
                costs[least.key] = nil
            }
            var cost = costs[text] ?? Cost()
            cost.count += 1
            cost.failures += hasFailed ? 1 : 0
            cost.time += request.duration
            cost.longest = max(cost.longest, request.duration)
            cost.bytes += bytes
            cost.last = WallClock.now()
            costs[text] = cost
        }
    }

    /// The list as the API answers it, the greatest first; none of which there is nothing to tell.
    public func response(by measure: Measure, limit: Int) -> PrometheusResponse {
        let all = costs.withLock { $0 }.filter { $0.value.amount(measure) > 0 }
        let sorted = all.sorted { one, other in
            let amounts = (one.value.amount(measure), other.value.amount(measure))
            return amounts.0 == amounts.1 ? one.key < other.key : amounts.0 > amounts.1
        }
        let data = JSONValue.object([
            ("since", .string(RFC3339.text(began))), ("by", .string(measure.rawValue)),
            ("queries", .array(sorted.prefix(limit).map { Self.json($0.key, $0.value) })),
        ])
        return .json(Envelope.head + data.bytes + [UInt8(ascii: "}")])
    }

    private static func json(_ query: String, _ cost: Cost) -> JSONValue {
        .object([
            ("query", .string(query)), ("count", .integer(Int64(cost.count))),
            ("failures", .integer(Int64(cost.failures))), ("seconds", .seconds(cost.time)),
            ("maxSeconds", .seconds(cost.longest)), ("bytes", .integer(Int64(cost.bytes))),
            ("last", .string(RFC3339.text(cost.last))),
        ])
    }
}

/// The text of a query, for lists of queries.
enum QueryText {
    /// Bytes that are shown and told apart; the rest is cut off.
    static let longest = 4 << 10

    /// The first of it, as it was written.
    static func cut(_ text: String) -> String {
        text.utf8.count <= longest
            ? text : String(decoding: text.utf8.prefix(longest), as: UTF8.self)
    }

    /// Without comments, and with one blank where there is any space outside of quotes, so that one
    /// query that was laid out in two ways is one.
    static func normal(_ text: String) -> String {
        var out: [UInt8] = []
        var quote: UInt8?
        var isEscaped = false
        var isComment = false
        var space = false
        for byte in text.utf8 {
            if out.count >= longest { break }
            if isComment {
                isComment = byte != UInt8(ascii: "\n")
                continue
            }
            if let open = quote {
                out.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), open != UInt8(ascii: "`") {
                    isEscaped = true
                } else if byte == open {
                    quote = nil
                }
                continue
            }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                space = true
                continue
            case UInt8(ascii: "#"):
                (isComment, space) = (true, true)
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): quote = byte
            default: break
            }
            if space, !out.isEmpty { out.append(UInt8(ascii: " ")) }
            space = false
            out.append(byte)
        }
        return String(decoding: out, as: UTF8.self)
    }
}
