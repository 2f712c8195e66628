import GoText
import TimeSeries

/// The times that the samples of one series may have: ascending, and steps of the grid that was
/// asked for, where there is one.
///
/// One comparison for each sample that stands where the one before leads to; what comes after a gap
/// costs a division.
struct SampleClock {
    private let start: Timestamp
    private let end: Timestamp
    /// 0 where any time will do.
    private let step: Milliseconds
    /// Of the sample before.
    private(set) var last = Timestamp.min
    /// The step behind it; a time that no sample has where there is none.
    private var next: Timestamp

    /// - Parameter grid: nil for samples as they were stored.
    init(_ grid: StepGrid? = nil) {
        start = grid?.start ?? .min
        end = grid?.end ?? .max
        // An instant is a grid of one step, of whatever width.
        step = grid.map { max(1, $0.step) } ?? 0
        next = start
    }

    /// Moves to the time of the next sample; false, and nothing is moved, where it may not follow.
    @inline(__always)
    mutating func move(to time: Timestamp) -> Bool {
        if step == 0 {
            guard time > last else { return false }
            last = time
            return true
        }
        guard time == next || isStep(time), time <= end, time > last else { return false }
        last = time
        next = time &+ step
        return true
    }

    @inline(never)
    private func isStep(_ time: Timestamp) -> Bool {
        guard let distance = time.distance(from: start) else { return false }
        return distance >= .zero && distance % step == .zero
    }

    /// Why the clock did not move.
    func refusal(of time: Timestamp, at position: Int) -> JSONCursor.Failure {
        time > last ? .offGrid(time) : .disorder(position)
    }
}
