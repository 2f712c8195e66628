/// The parameters of `series`, `labels` and `label/<name>/values`, checked in the order of the
/// reference; the selectors are the caller's to parse.
public struct SeriesParameters: Sendable, Equatable {
    /// The `match[]` parameters, not parsed.
    public var selectors: [String]
    /// Results wanted at most; 0 for all.
    public var limit: Int
    /// Milliseconds since the epoch; the built-in extremes when absent.
    public var start: Int64
    public var end: Int64

    /// - Parameters:
    ///   - selectors: the values of `match[]`.
    ///   - needsSelector: whether there must be one, as for `series`.
    ///   - lookup: the value of a parameter; nil and "" are the same.
    public init(
        selectors: [String], needsSelector: Bool, _ lookup: (String) -> String?
    ) throws(APIError) {
        if needsSelector, selectors.isEmpty {
            throw .badData("no match[] parameter provided")
        }
        self.selectors = selectors
        (limit, start, end) = try withoutActuallyEscaping(lookup) {
            (lookup) throws(APIError) -> (Int, Int64, Int64) in
            let reader = ParameterReader(lookup: lookup)
            let limit = try reader.limit()
            let start = try reader.time("start") ?? RequestTime.minimum
            let end = try reader.time("end") ?? RequestTime.maximum
            return (limit, start, end)
        }
    }
}
