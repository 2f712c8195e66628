import GoText
import Synchronization
public import Tracing

/// One request from a client, for as long as it is answered: its identity, and where what it does is
/// told. It is at hand wherever work is done for the request, as a value of its tasks.
public final class RequestScope: Sendable {
    /// Of the request that is being answered; nil where there is none.
    @TaskLocal public static var current: RequestScope?

    public let id: RequestID
    /// The span that requests to members are in; nil where the client told none and none is made.
    public let trace: TraceContext?
    /// Where a query is recorded; nil where no query is logged.
    public let record: QueryRecord?
    /// The request's own span; nil where it is not recorded.
    public let span: (any Span)?
    private let tracer: (any Tracer)?
    private let reason = Mutex<String?>(nil)

    private struct Cancellation {
        var isAsked = false
        var action: (@Sendable () -> Void)?
    }

    private let cancellation = Mutex(Cancellation())

    /// - Parameters:
    ///   - trace: As the client told it.
    ///   - tracer: Makes spans; nil for none, so that the client's is passed on as it came.
    ///   - sampling: The share of traces that is recorded of those that begin here, from 0 to 1.
    public init(
        id: RequestID = RequestID(), trace: TraceContext? = nil, record: QueryRecord? = nil,
        tracer: (any Tracer)? = nil, sampling: Double = 0
    ) {
        self.id = id
        self.record = record
        guard let tracer else {
            self.trace = trace
            self.tracer = nil
            span = nil
            return
        }
        guard (trace ?? TraceContext(sampling: sampling)).isSampled else {
            self.trace = trace ?? TraceContext(sampling: 0)
            self.tracer = nil
            span = nil
            return
        }
        var context = InstrumentationContext.topLevel
        context.traceContext = trace
        let span = tracer.startSpan("request", context: context, ofKind: .server)
        self.tracer = tracer
        self.span = span
        self.trace = span.context.traceContext
    }

    /// Whether anything wants to know how long work takes.
    private var isMeasured: Bool { record != nil || tracer != nil }

    /// Notes why the request fails. The last reason is the one that is told.
    public func note(failure text: String) { reason.withLock { $0 = text } }

    /// Why the request failed; nil where no reason was noted.
    public var failure: String? { reason.withLock { $0 } }

    /// Names what ends the work for the request.
    public func canBeCancelled(by action: @escaping @Sendable () -> Void) {
        cancellation.withLock { $0.action = action }
    }

    /// Ends the work for the request, on behalf of somebody else than its client.
    public func cancel() {
        let action = cancellation.withLock { cancellation in
            cancellation.isAsked = true
            return cancellation.action
        }
        action?()
    }

    /// Whether somebody else than the client ended it.
    public var isCancelled: Bool { cancellation.withLock { $0.isAsked } }

    /// Begins a span of the request.
    ///
    /// - Returns: nil where the request is not recorded.
    public func startSpan(_ name: String, ofKind kind: SpanKind = .internal) -> (any Span)? {
        guard let tracer, let span else { return nil }
        return tracer.startSpan(name, context: span.context, ofKind: kind)
    }

    /// Work of a query that has a time of its own.
    public enum Phase: String, Sendable {
        case queue, plan, merge
    }

    /// Runs a phase of the request that is being answered, and notes how long it took.
    public static func measure<Value, Failure: Error>(
        _ phase: Phase, isolation: isolated (any Actor)? = #isolation,
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let scope = current, scope.isMeasured else { return try await work() }
        let start = MonotonicInstant.now
        let span = scope.startSpan(phase.rawValue)
        defer {
            span?.end()
            scope.add(.since(start), to: phase)
        }
        do throws(Failure) {
            return try await work()
        } catch {
            span?.setStatus(SpanStatus(code: .error))
            throw error
        }
    }

    private func add(_ time: Duration, to phase: Phase) {
        record?.update { contents in
            switch phase {
            case .queue: contents.queue = (contents.queue ?? .zero) + time
            case .plan: contents.planning = (contents.planning ?? .zero) + time
            case .merge: contents.merge = (contents.merge ?? .zero) + time
            }
        }
    }
}

/// One request to a member, for as long as it takes.
public final class MemberRequestScope: Sendable {
    private let scope: RequestScope
    private let member: String
    private let span: (any Span)?
    private let start = MonotonicInstant.now

    /// - Returns: nil where no request of a client is being answered.
    public init?(member: String, path: String) {
        guard let scope = RequestScope.current else { return nil }
        self.scope = scope
        self.member = member
        span = scope.startSpan("member", ofKind: .client)
        span?.attributes["tributary.member"] = member
        span?.attributes["url.path"] = path
    }

    /// The header fields by which the member learns for which request it is asked.
    public var fields: [(name: String, value: String)] {
        var fields = [(name: RequestID.header, value: scope.id.text)]
        if let trace = span?.context.traceContext ?? scope.trace {
            fields.append((TraceContext.header, trace.parent))
            if let state = trace.state { fields.append((TraceContext.stateHeader, state)) }
        }
        return fields
    }

    /// Notes the end of the request.
    ///
    /// - Parameters:
    ///   - httpVersion: As the answer has it; nil where none began.
    ///   - failure: Why it failed, without secrets; nil where it did not.
    public func end(bytes: Int, attempts: Int, httpVersion: String?, failure: String?) {
        scope.record?.add(
            QueryRecord.MemberRequest(
                member: member, duration: .since(start), bytes: bytes, attempts: attempts,
                httpVersion: httpVersion, failure: failure))
        guard let span else { return }
        span.attributes["tributary.bytes"] = bytes
        span.attributes["tributary.attempts"] = attempts
        if let failure { span.setStatus(SpanStatus(code: .error, message: failure)) }
        span.end()
    }
}
