/// The query that an expression is evaluated for. Milliseconds; `step` is 0 for instant queries.
public struct QueryContext: Sendable, Hashable {
    public var start: Int64
    public var end: Int64
    public var step: Int64

    public init(start: Int64, end: Int64, step: Int64) {
        self.start = start
        self.end = end
        self.step = step
    }

    var stepSeconds: Double { Double(step) / 1000 }
    var rangeSeconds: Double { Double(end &- start) / 1000 }
}
