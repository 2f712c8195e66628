import GatewayConfiguration
import GoText
import Logging
public import PrometheusServer
import PrometheusWire
public import RequestTelemetry
public import Tracing

/// What the log says of requests: those that failed here, limits that were met, and queries, in the
/// query log. It makes the scope that a request is answered in, too.
public struct RequestLog: Sendable {
    /// nil: nothing is logged, as where a gateway runs for a test.
    private let log: GatewayLog?
    private let logger: Logger?
    private let tracer: (any Tracer)?
    private let sampling: Double

    /// - Parameters:
    ///   - tracer: Makes spans of requests; nil for none.
    ///   - sampling: The share of traces that is recorded of those that begin here, from 0 to 1.
    public init(_ log: GatewayLog?, tracer: (any Tracer)? = nil, sampling: Double = 0) {
        self.log = log
        logger = log?.logger()
        self.tracer = tracer
        self.sampling = sampling
    }

    /// What a request with these header fields is answered in.
    public func scope(for headers: HTTPHeaders) -> RequestScope {
        RequestScope(
            id: RequestID(ofFields: headers.values(of: RequestID.header)),
            trace: TraceContext(
                parents: headers.values(of: TraceContext.header),
                states: headers.values(of: TraceContext.stateHeader)),
            record: QueryRecord(), tracer: tracer, sampling: sampling)
    }

    /// Says what is to be said of an answer that was sent or broke off.
    public func record(_ request: CompletedRequest) {
        guard let scope = request.scope else { return }
        endSpan(scope, request)
        say(request, scope)
        guard let log, let contents = scope.record?.contents, contents.query != nil else { return }
        let settings = log.queries
        let failed = request.status >= 400 || !request.isWhole
        let isTold =
            switch settings.queries {
            case .off: false
            case .failed: failed
            case .slow: failed || request.duration >= settings.slowAfter
            case .all: true
            }
        if isTold { log.write(query: QueryLogLine(request, scope, contents).bytes) }
    }

    private func say(_ request: CompletedRequest, _ scope: RequestScope) {
        guard let logger else { return }
        let limit = scope.failure.flatMap(MetLimit.key)
        let message: Logger.Message
        let level: Logger.Level
        if request.status >= 500 {
            (message, level) = ("a request failed", .error)
        } else if !request.isWhole {
            (message, level) = ("an answer broke off, or its client went away", .warning)
        } else if limit != nil {
            (message, level) = ("a request met a limit", .warning)
        } else {
            return
        }
        var metadata: Logger.Metadata = [
            "request_id": "\(scope.id)", "method": "\(request.method)",
            "path": "\(Self.path(request.target))", "status": "\(request.status)",
            "duration_ms": "\(request.duration.wholeMilliseconds)",
        ]
        if let trace = scope.trace { metadata["trace_id"] = "\(trace.traceID)" }
        if let failure = scope.failure { metadata["error"] = "\(failure)" }
        if let limit { metadata["limit"] = "\(limit)" }
        logger.log(level: level, message, metadata: metadata)
    }

    private func endSpan(_ scope: RequestScope, _ request: CompletedRequest) {
        guard let span = scope.span else { return }
        if let pattern = request.pattern { span.operationName = "\(request.method) \(pattern)" }
        span.attributes["http.request.method"] = request.method
        if let pattern = request.pattern { span.attributes["http.route"] = pattern }
        span.attributes["url.path"] = Self.path(request.target)
        span.attributes["http.response.status_code"] = request.status
        span.attributes["tributary.request_id"] = scope.id.text
        if let contents = scope.record?.contents, let query = contents.query {
            span.attributes["db.query.text"] = query.cut(to: 4096)
            span.attributes["tributary.project"] = contents.project
            if let plan = contents.plan { span.attributes["tributary.plan"] = plan }
            if let series = contents.series { span.attributes["tributary.series"] = series }
            span.attributes["tributary.members_missing"] = contents.missing.count
        }
        if request.status >= 500 || !request.isWhole {
            span.setStatus(SpanStatus(code: .error, message: scope.failure))
        }
        span.end()
    }

    /// What was asked for, without parameters, which may be long.
    private static func path(_ target: [UInt8]) -> String {
        String(decoding: target.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self).cut(to: 512)
    }
}

/// A limit of the configuration that ended a request.
public enum MetLimit {
    /// The key that an error names in parentheses, as the gateway's own errors do; nil for none. What a
    /// member says in parentheses is a key too where it is one of ours.
    public static func key(in failure: String) -> String? {
        for part in failure.split(separator: "(").dropFirst() {
            let key = String(part.prefix { $0.isASCII && ($0.isLetter || ".[]".contains($0)) })
            if Configuration.limitKeys.contains(key) { return key }
        }
        return nil
    }
}

/// One query as one line of the query log.
struct QueryLogLine {
    /// Bytes of the text of a query; the rest is cut off.
    static let longestQuery = 16 << 10

    let bytes: [UInt8]

    init(
        _ request: CompletedRequest, _ scope: RequestScope, _ contents: QueryRecord.Contents,
        at now: Timestamp = WallClock.now()
    ) {
        var pairs: [(key: String, value: JSONValue)] = [
            ("time", .string(RFC3339.text(now))), ("request_id", .string(scope.id.text)),
            ("project", .string(contents.project)), ("endpoint", .string(contents.endpoint)),
            ("query", .string((contents.query ?? "").cut(to: Self.longestQuery))),
            ("status", .count(request.status)), ("whole", .bool(request.isWhole)),
            ("total_ms", .duration(request.duration)),
        ]
        if let trace = scope.trace { pairs.append(("trace_id", .string(trace.traceID))) }
        if let token = contents.token { pairs.append(("token", .string(token))) }
        let numbers = [
            ("start", contents.start), ("end", contents.end), ("step", contents.step),
            ("series", contents.series.map(Double.init)),
        ]
        for (name, number) in numbers { if let number { pairs.append((name, .seconds(number))) } }
        if let plan = contents.plan { pairs.append(("plan", .string(plan))) }
        let durations = [
            ("queue_ms", contents.queue), ("plan_ms", contents.planning),
            ("merge_ms", contents.merge),
        ]
        for (name, time) in durations { if let time { pairs.append((name, .duration(time))) } }
        pairs.append(("bytes", .count(request.bodyBytes)))
        pairs.append(("members", .array(contents.requests.map(Self.member))))
        if contents.requestsLeftOut > 0 {
            pairs.append(("members_left_out", .count(contents.requestsLeftOut)))
        }
        if !contents.missing.isEmpty {
            pairs.append(("missing", .array(contents.missing.map { .string($0.cut(to: 1024)) })))
        }
        if let failure = scope.failure { pairs.append(("error", .string(failure.cut(to: 8192)))) }
        bytes = JSONValue.object(pairs).bytes
    }

    private static func member(_ request: QueryRecord.MemberRequest) -> JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [
            ("name", .string(request.member)), ("ms", .duration(request.duration)),
            ("bytes", .count(request.bytes)),
            ("attempts", .count(request.attempts)),
        ]
        if let failure = request.failure { pairs.append(("error", .string(failure.cut(to: 1024)))) }
        return .object(pairs)
    }
}

extension JSONValue {
    fileprivate static func count(_ count: Int) -> JSONValue { .integer(Int64(count)) }

    /// The shortest digits.
    fileprivate static func seconds(_ number: Double) -> JSONValue { .number(GoFloat.text(number)) }

    /// In milliseconds, to the microsecond.
    fileprivate static func duration(_ time: Duration) -> JSONValue {
        .number(GoFloat.text((time / .microseconds(1)).rounded() / 1000))
    }
}
