import GoText

/// What `query` and `query_range` have in common.
public struct QueryOptions: Sendable, Equatable {
    public enum Statistics: Sendable, Equatable {
        case none
        /// Sums over the query.
        case totals
        /// Sums by step too.
        case all
    }

    /// The expression, not parsed.
    public var query: String
    /// Results wanted at most; 0 for all.
    public var limit: Int
    /// The time the query may take, in ns, nil for the server's own. It may be zero or negative:
    /// then it is over already.
    public var timeout: Int64?
    /// Milliseconds, nil for the server's own.
    public var lookbackDelta: Int64?
    public var statistics: Statistics
    /// What must be warned about.
    public var warnings: [String]

    /// Everything but the limit, which is checked before all others.
    init(_ reader: ParameterReader, limit: Int) throws(APIError) {
        self.limit = limit
        timeout = reader.text("timeout").isEmpty ? nil : try reader.duration("timeout")
        lookbackDelta = try Self.lookbackDelta(reader.text("lookback_delta"))
        let asked = reader.text("stats")
        switch asked {
        case "": statistics = .none
        case "all": statistics = .all
        default: statistics = .totals
        }
        warnings = []
        if !["", "true", "all"].contains(asked) {
            warnings.append(
                "value \(GoQuoting.quote(asked)) for parameter \"stats\" is deprecated and will be "
                    + "rejected in the next major release, use \"true\" or \"all\"")
        }
        query = reader.text("query")
    }

    private static func lookbackDelta(_ text: String) throws(APIError) -> Int64? {
        if text.isEmpty { return nil }
        do throws(APIError) {
            let milliseconds = try RequestDuration.parse(text) / 1_000_000
            return milliseconds > 0 ? milliseconds : nil
        } catch {
            throw .badData("error parsing lookback delta duration: \(error.message)")
        }
    }
}
