public import Tracing

/// Where in a trace a request is, as W3C Trace Context tells it in header fields.
public struct TraceContext: Sendable, Hashable {
    public static let header = "traceparent"
    public static let stateHeader = "tracestate"
    /// Bytes of `tracestate` that are passed on; a longer one is dropped, as the standard allows.
    private static let longestState = 512

    private let traceHigh: UInt64
    private let traceLow: UInt64
    private let span: UInt64
    /// Whether the sender records the trace.
    public let isSampled: Bool
    /// What vendors say of the trace, passed on as it came; nil for nothing.
    public let state: String?

    private init(
        _ traceHigh: UInt64, _ traceLow: UInt64, span: UInt64, isSampled: Bool, state: String?
    ) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// A trace of its own with its first span.
    ///
    /// - Parameter sampling: The share of traces that is recorded, from 0 to 1.
    public init(sampling: Double) {
        let low = Self.random()
        // The lowest 56 bits are random in every trace, so that all who look decide alike.
        let drawn = Double(low & (1 << 56 - 1)) / Double(UInt64(1) << 56)
        self.init(
            .random(in: 0 ... .max), low, span: Self.random(), isSampled: drawn < sampling,
            state: nil)
    }

    /// Reads the header fields of a request; nil where they tell no trace, which the standard wants
    /// to be passed over.
    public init?(parents: [String], states: [String] = []) {
        guard parents.count == 1 else { return nil }
        let parts = parents[0].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4,
            let version = Hexadecimal.number(parts[0].utf8, digits: 2), version != 0xFF,
            version > 0 || parts.count == 4,
            parts[1].utf8.count == 32,
            let high = Hexadecimal.number(parts[1].prefix(16).utf8, digits: 16),
            let low = Hexadecimal.number(parts[1].suffix(16).utf8, digits: 16),
            let span = Hexadecimal.number(parts[2].utf8, digits: 16),
            let flags = Hexadecimal.number(parts[3].utf8, digits: 2),
            high != 0 || low != 0, span != 0
        else { return nil }
        let state = states.joined(separator: ",")
        let isPassedOn =
            !state.isEmpty && state.utf8.count <= Self.longestState
            && state.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 }
        self.init(high, low, span: span, isSampled: flags & 1 == 1, state: isPassedOn ? state : nil)
    }

    /// A new span of the same trace.
    public func child() -> TraceContext {
        TraceContext(traceHigh, traceLow, span: Self.random(), isSampled: isSampled, state: state)
    }

    /// 32 hexadecimal digits.
    public var traceID: String { Hexadecimal.text(traceHigh, traceLow) }
    /// 16 hexadecimal digits.
    public var spanID: String { Hexadecimal.text(span) }
    /// The value of `traceparent`.
    public var parent: String { "00-\(traceID)-\(spanID)-0\(isSampled ? 1 : 0)" }

    /// Never 0, which is no identity.
    private static func random() -> UInt64 { .random(in: 1 ... .max) }
}

extension InstrumentationContext {
    private enum Key: InstrumentationContextKey { typealias Value = TraceContext }

    /// The span that is under way.
    public var traceContext: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
