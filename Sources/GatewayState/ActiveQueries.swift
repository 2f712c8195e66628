import GoText
public import PrometheusServer
import PrometheusWire
public import RequestTelemetry
import Synchronization

/// The queries that are being answered.
public final class ActiveQueries: Sendable {
    private struct Running {
        var scope: RequestScope
        var began: Timestamp
        var start: MonotonicInstant
    }

    private let running = Mutex<[ObjectIdentifier: Running]>([:])

    public init() {}

    /// Notes that a request is being answered. It is one of the list once it turns out to be a query.
    public func begin(_ scope: RequestScope) {
        let one = Running(scope: scope, began: WallClock.now(), start: .now)
        running.withLock { $0[ObjectIdentifier(scope)] = one }
    }

    /// Notes that nothing more is done for a request.
    public func end(_ scope: RequestScope) {
        _ = running.withLock { $0.removeValue(forKey: ObjectIdentifier(scope)) }
    }

    /// Ends the queries that have an identity, which a client may give to several.
    ///
    /// - Returns: how many there were. Each of them ends soon after.
    public func cancel(_ id: String) -> Int {
        running.withLock { running in
            // While none of them can end by itself: what is cancelled then would be the next request
            // of its connection.
            let found = running.values.filter {
                $0.scope.id.text == id && $0.scope.record?.contents.query != nil
            }
            for one in found { one.scope.cancel() }
            return found.count
        }
    }

    /// The list as the API answers it, the longest-running first.
    public var response: PrometheusResponse {
        let all = running.withLock { Array($0.values) }.sorted { $0.start < $1.start }
        return .json(
            Envelope.head + JSONValue.array(all.compactMap(Self.json)).bytes
                + [UInt8(ascii: "}")])
    }

    /// nil for a request that is no query.
    private static func json(_ one: Running) -> JSONValue? {
        guard let contents = one.scope.record?.contents, let query = contents.query else {
            return nil
        }
        func time(_ seconds: Double?) -> JSONValue {
            seconds.flatMap { Int64(exactly: ($0 * 1000).rounded()) }
                .map { .string(RFC3339.text(Timestamp(milliseconds: $0))) } ?? .null
        }
        return .object([
            ("id", .string(one.scope.id.text)),
            ("client", contents.token.map { .string("token \($0)") } ?? .null),
            ("project", .string(contents.project)), ("endpoint", .string(contents.endpoint)),
            ("query", .string(QueryText.cut(query))),
            ("start", time(contents.start)), ("end", time(contents.end)),
            ("stepSeconds", contents.step.map { .number(GoFloat.text($0)) } ?? .null),
            ("began", .string(RFC3339.text(one.began))),
            ("seconds", .seconds(.since(one.start))),
        ])
    }
}

extension JSONValue {
    /// In seconds, to the microsecond.
    static func seconds(_ time: Duration) -> JSONValue {
        .number(GoFloat.text((time / .microseconds(1)).rounded() / 1_000_000))
    }
}
