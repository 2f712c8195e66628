import GoText
import TimeSeries

extension StepGrid {
    /// Whether its steps are multiples of their distance: then servers that round ranges have
    /// nothing to move. An instant is nothing that they move.
    var isAligned: Bool { step > 0 && start.milliseconds % step.count == 0 }
}

/// What stands in for a range at a member that moves ranges to multiples of their step.
enum StepwiseQuestions: Equatable {
    /// An instant query for every step.
    case instants
    /// A range whose finer steps include those that are wanted, and are multiples of their distance.
    case finer(StepGrid)

    /// Steps that may be asked one by one.
    static let mostInstants = 64
    /// Steps of one range, which is what Prometheus and its like answer at most.
    static let mostSteps = 11_000

    /// nil where a range would take too many of either.
    init?(for grid: StepGrid) {
        if grid.count <= Self.mostInstants {
            self = .instants
            return
        }
        let step = Milliseconds(
            Self.commonDivisor(grid.start.milliseconds, grid.step.count))
        let (steps, overflows) = (grid.count - 1).multipliedReportingOverflow(
            by: Int(grid.step / step))
        guard !overflows, steps < Self.mostSteps else { return nil }
        self = .finer(
            StepGrid(start: grid.start, end: grid.time(at: grid.count - 1), step: step))
    }

    private static func commonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
        var (a, b) = (a.magnitude, b.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        return Int64(clamping: a)
    }
}
