/// The grid of a range query for numbers.
public enum StepAlignment {
    /// The range that Loki answers on: points are at multiples of the step since 1970, the start is
    /// rounded down, the end up. Where the end would be beyond what 64 bits hold, it is rounded down.
    ///
    /// - Parameters:
    ///   - start: in any unit, and so are the others.
    ///   - step: above 0.
    public static func aligned(
        start: Int64, end: Int64, step: Int64
    ) -> (start: Int64, end: Int64) {
        let first = floor(start, step)
        let last = floor(end, step)
        let (above, overflows) = last.addingReportingOverflow(step)
        return (first, last == end || overflows ? last : above)
    }

    private static func floor(_ time: Int64, _ step: Int64) -> Int64 {
        let rest = time % step
        if rest >= 0 { return time - rest }
        let (below, overflows) = (time - rest).subtractingReportingOverflow(step)
        return overflows ? time - rest : below
    }
}
