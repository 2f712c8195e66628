public import TimeSeries

/// The parameters of `query_range`, checked in the order of the reference: `limit`, `start`, `end`,
/// `step`, the number of points, `timeout`, `lookback_delta`; the expression is the caller's to
/// parse.
public struct RangeQueryParameters: Sendable, Equatable {
    /// Milliseconds since the epoch.
    public var start: Int64
    public var end: Int64
    /// Nanoseconds, positive.
    public var step: Int64
    public var options: QueryOptions

    /// Steps behind the first that a series may have.
    private static let maximumSteps: Int64 = 11_000

    /// - Parameter lookup: the value of a parameter; nil and "" are the same.
    public init(_ lookup: (String) -> String?) throws(APIError) {
        self = try withoutActuallyEscaping(lookup) {
            (lookup) throws(APIError) -> RangeQueryParameters in
            try RangeQueryParameters(ParameterReader(lookup: lookup))
        }
    }

    private init(_ reader: ParameterReader) throws(APIError) {
        let limit = try reader.limit()
        start = try reader.requiredTime("start")
        end = try reader.requiredTime("end")
        if end < start {
            throw .parameter("end", "end timestamp must not be before start time")
        }
        step = try reader.duration("step")
        if step <= 0 {
            throw .parameter(
                "step",
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        let (length, overflows) = end.subtractingReportingOverflow(start)
        let (nanoseconds, isTooLong) = length.multipliedReportingOverflow(by: 1_000_000)
        if overflows || isTooLong || nanoseconds / step > Self.maximumSteps {
            throw .badData(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        options = try QueryOptions(reader, limit: limit)
    }

    /// The steps. It is asked for once the expression is known to be right, for the reference too
    /// fails only then.
    ///
    /// - Throws: when the step is below a millisecond, what the reference says.
    public var grid: StepGrid {
        get throws(APIError) {
            guard step >= 1_000_000 else {
                throw APIError(
                    .execution, "unexpected error: runtime error: integer divide by zero")
            }
            return StepGrid(start: start, end: end, step: step / 1_000_000)
        }
    }
}
