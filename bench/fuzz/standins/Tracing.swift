// In place of swift-distributed-tracing: a fuzzer records no spans.

public enum SpanKind: Sendable { case `internal`, client, server }

public struct SpanStatus: Sendable {
    public enum Code: Sendable { case ok, error }

    public init(code: Code, message: String? = nil) {}
}

public struct SpanAttributes: Sendable {
    public subscript(_ name: String) -> Int {
        get { 0 }
        set {}
    }

    public subscript(_ name: String) -> String {
        get { "" }
        set {}
    }
}

public protocol InstrumentationContextKey: Sendable {
    associatedtype Value: Sendable
}

public struct InstrumentationContext: Sendable {
    public static let topLevel = InstrumentationContext()

    public subscript<Key: InstrumentationContextKey>(_ key: Key.Type) -> Key.Value? {
        get { nil }
        set {}
    }
}

public protocol Span: Sendable {
    var context: InstrumentationContext { get }
    var attributes: SpanAttributes { get nonmutating set }
    func setStatus(_ status: SpanStatus)
    func end()
}

public protocol Tracer: Sendable {
    func startSpan(
        _ name: String, context: InstrumentationContext, ofKind kind: SpanKind
    ) -> any Span
}
