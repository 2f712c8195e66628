import GoText
import RequestTelemetry
import Synchronization
public import Tracing

/// Makes spans that are exported once they have ended.
public struct ExportingTracer: Tracer {
    private let exporter: SpanExporter

    public init(_ exporter: SpanExporter) { self.exporter = exporter }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext,
        ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
        file fileID: String, line: UInt
    ) -> ExportedSpan {
        ExportedSpan(
            operationName, in: context(), kind, at: instant().nanosecondsSinceEpoch, exporter)
    }

    /// Nothing to do: what has ended is exported within seconds.
    public func forceFlush() {}

    /// Writes the span as W3C Trace Context.
    public func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.traceContext else { return }
        injector.inject(trace.parent, forKey: TraceContext.header, into: &carrier)
        if let state = trace.state {
            injector.inject(state, forKey: TraceContext.stateHeader, into: &carrier)
        }
    }

    /// Reads W3C Trace Context.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        let parent = extractor.extract(key: TraceContext.header, from: carrier)
        let state = extractor.extract(key: TraceContext.stateHeader, from: carrier)
        context.traceContext =
            TraceContext(
                parents: parent.map { [$0] } ?? [], states: state.map { [$0] } ?? [])
            ?? context.traceContext
    }
}

/// A span of a trace that is recorded.
public final class ExportedSpan: Span {
    private let exporter: SpanExporter
    private let finished: Mutex<FinishedSpan>
    private let hasEnded = Atomic(false)
    public let context: InstrumentationContext

    /// - Parameter parent: The context of the span that it belongs to; of a span that belongs to none,
    ///   a trace begins.
    fileprivate init(
        _ name: String, in parent: InstrumentationContext, _ kind: SpanKind, at start: UInt64,
        _ exporter: SpanExporter
    ) {
        self.exporter = exporter
        let former = parent.traceContext
        let trace = former?.child() ?? TraceContext(sampling: 1)
        var context = parent
        context.traceContext = trace
        self.context = context
        finished = Mutex(
            FinishedSpan(trace: trace, parent: former?.spanID, name: name, kind: kind, start: start)
        )
    }

    public var isRecording: Bool { !hasEnded.load(ordering: .relaxed) }

    public var operationName: String {
        get { finished.withLock { $0.name } }
        set { finished.withLock { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { finished.withLock { $0.attributes } }
        set { finished.withLock { $0.attributes = newValue } }
    }

    public func setStatus(_ status: SpanStatus) { finished.withLock { $0.status = status } }

    public func addEvent(_ event: SpanEvent) {
        finished.withLock { span in
            if span.events.count < FinishedSpan.mostEvents { span.events.append(event) }
        }
    }

    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    public func addLink(_ link: SpanLink) {
        guard let trace = link.context.traceContext else { return }
        finished.withLock { span in
            if span.links.count < FinishedSpan.mostLinks { span.links.append(trace) }
        }
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
        let end = instant().nanosecondsSinceEpoch
        let span = finished.withLock { span in
            // The wall clock may have been set back meanwhile.
            span.end = max(span.start, end)
            return span
        }
        exporter.add(span)
    }
}

/// A span as it is exported.
struct FinishedSpan: Sendable {
    static let mostEvents = 32
    static let mostLinks = 32

    var trace: TraceContext
    /// The identity of the span that it belongs to; nil for the first of a trace.
    var parent: String?
    var name: String
    var kind: SpanKind
    /// Nanoseconds since the epoch.
    var start: UInt64
    var end: UInt64 = 0
    var attributes: SpanAttributes = [:]
    var status: SpanStatus?
    var events: [SpanEvent] = []
    var links: [TraceContext] = []
}
