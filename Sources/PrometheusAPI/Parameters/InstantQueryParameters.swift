/// The parameters of `query`, checked in the order of the reference: `limit`, `time`, `timeout`,
/// `lookback_delta`; the expression is the caller's to parse.
public struct InstantQueryParameters: Sendable, Equatable {
    /// Milliseconds since the epoch.
    public var time: Int64
    public var options: QueryOptions

    /// - Parameters:
    ///   - now: what `time` is when it is absent, in ms.
    ///   - lookup: the value of a parameter; nil and "" are the same.
    public init(now: Int64, _ lookup: (String) -> String?) throws(APIError) {
        // The reader does not outlive the call.
        let parameters = try withoutActuallyEscaping(lookup) {
            (lookup) throws(APIError) -> (Int64, QueryOptions) in
            let reader = ParameterReader(lookup: lookup)
            let limit = try reader.limit()
            let time = try reader.time("time") ?? now
            return (time, try QueryOptions(reader, limit: limit))
        }
        (time, options) = parameters
    }
}
