/// The evaluation times of a query: `start, start + step, …` up to and including `end`.
/// Milliseconds since the epoch. An instant query is a grid of one step, with `step` 0.
public struct StepGrid: Sendable, Hashable {
    public let start: Int64
    public let end: Int64
    public let step: Int64

    /// `step` must be positive unless `start == end`.
    public init(start: Int64, end: Int64, step: Int64) {
        self.start = start
        self.end = end
        self.step = step
    }

    public static func instant(_ time: Int64) -> StepGrid {
        StepGrid(start: time, end: time, step: 0)
    }

    public var isInstant: Bool { step == 0 }

    /// The number of steps; 0 when the end lies before the start.
    public var count: Int {
        if end < start { return 0 }
        if step == 0 { return 1 }
        let (length, overflows) = end.subtractingReportingOverflow(start)
        return overflows ? .max : Int(length / step) &+ 1
    }

    public func time(at index: Int) -> Int64 { start + Int64(index) * step }
}
