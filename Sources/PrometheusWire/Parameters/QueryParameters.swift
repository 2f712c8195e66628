import GoText
public import TimeSeries

/// The parameters of `query_range`, checked in the order of the reference: `limit`, `start`, `end`,
/// `step`, the number of points, `timeout`, `lookback_delta`; the expression is the caller's to
/// parse.
public struct RangeQueryParameters: Sendable, Equatable {
    public var start: Timestamp
    public var end: Timestamp
    /// Positive; in whole nanoseconds.
    public var step: Duration
    public var common: CommonQueryParameters

    /// Steps behind the first that a series may have.
    private static let maximumSteps = 11_000

    public init(_ reader: ParameterReader) throws(APIError) {
        let limit = try reader.limit()
        start = try reader.requiredTime("start")
        end = try reader.requiredTime("end")
        if end < start {
            throw .parameter("end", "end timestamp must not be before start time")
        }
        step = try reader.duration("step")
        if step <= .zero {
            throw .parameter(
                "step",
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        // The reference counts lengths of time in nanoseconds of 64 bits.
        guard let length = end.distance(from: start), length <= DurationText.limit,
            length.duration < step * (Self.maximumSteps + 1)
        else {
            throw .badData(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        common = try CommonQueryParameters(reader, limit: limit)
    }

    /// The steps. It is asked for once the expression is known to be right, for the reference too
    /// fails only then.
    ///
    /// - Throws: when the step is below a millisecond, what the reference says.
    public var grid: StepGrid {
        get throws(APIError) {
            guard step >= .milliseconds(1) else {
                throw APIError(
                    .execution, "unexpected error: runtime error: integer divide by zero")
            }
            return StepGrid(start: start, end: end, step: Milliseconds(step))
        }
    }
}

/// The parameters of `query`, checked in the order of the reference: `limit`, `time`, `timeout`,
/// `lookback_delta`; the expression is the caller's to parse.
public struct InstantQueryParameters: Sendable, Equatable {
    public var time: Timestamp
    public var common: CommonQueryParameters

    /// - Parameter now: what `time` is when it is absent.
    public init(_ reader: ParameterReader, now: Timestamp) throws(APIError) {
        let limit = try reader.limit()
        time = try reader.time("time") ?? now
        common = try CommonQueryParameters(reader, limit: limit)
    }
}

/// What `query` and `query_range` have in common.
public struct CommonQueryParameters: Sendable, Equatable {
    /// The expression, not parsed.
    public var query: String
    /// Results wanted at most; 0 for all.
    public var limit: Int
    /// The time the query may take, nil for the server's own. It may be zero or negative:
    /// then it is over already.
    public var timeout: Duration?
    /// Nil for the server's own.
    public var lookbackDelta: Milliseconds?
    /// Nil unless the request asks what the query costs.
    public var statistics: StatisticsDetail?
    /// What must be warned about.
    public var warnings: [String]

    /// Everything but the limit, which is checked before all others.
    init(_ reader: ParameterReader, limit: Int) throws(APIError) {
        self.limit = limit
        timeout = reader.text("timeout").isEmpty ? nil : try reader.duration("timeout")
        lookbackDelta = try Self.lookbackDelta(reader.text("lookback_delta"))
        warnings = []
        let detail = reader.text("stats")
        if !detail.isEmpty {
            statistics = StatisticsDetail(rawValue: detail)
            if statistics == nil {
                statistics = .totals
                warnings.append(
                    "value \(GoQuoting.quote(detail)) for parameter \"stats\" is deprecated and will "
                        + "be rejected in the next major release, use \"true\" or \"all\"")
            }
        }
        query = reader.text("query")
    }

    private static func lookbackDelta(_ text: String) throws(APIError) -> Milliseconds? {
        if text.isEmpty { return nil }
        do throws(APIError) {
            let length = Milliseconds(try RequestDuration.parse(text))
            return length > .zero ? length : nil
        } catch {
            throw .badData("error parsing lookback delta duration: \(error.message)")
        }
    }
}

/// How much a client wants to know of what its query cost, as `stats` says it.
public enum StatisticsDetail: String, Sendable {
    case totals = "true"
    /// By step too, where members count so.
    case all
}

/// The parameters of `series`, `labels` and `label/<name>/values`, checked in the order of the
/// reference; the selectors are the caller's to parse.
public struct SeriesParameters: Sendable, Equatable {
    /// The `match[]` parameters, not parsed.
    public var selectors: [String]
    /// Results wanted at most; 0 for all.
    public var limit: Int
    /// Nil when absent.
    public var start: Timestamp?
    public var end: Timestamp?

    /// `start`, or the built-in extreme.
    public var from: Timestamp { start ?? RequestTime.minimum }
    /// `end`, or the built-in extreme.
    public var through: Timestamp { end ?? RequestTime.maximum }

    /// - Parameters:
    ///   - selectors: the values of `match[]`.
    ///   - needsSelector: whether there must be one, as for `series`.
    public init(
        _ reader: ParameterReader, selectors: [String], needsSelector: Bool = false
    ) throws(APIError) {
        if needsSelector, selectors.isEmpty {
            throw .badData("no match[] parameter provided")
        }
        self.selectors = selectors
        limit = try reader.limit()
        start = try reader.time("start")
        end = try reader.time("end")
    }
}

/// Reads request parameters by name, with the error texts of the reference. An empty value is an
/// absent one.
public struct ParameterReader {
    private let lookup: (String) -> String?

    /// - Parameter lookup: the value of a parameter; nil and "" are the same.
    public init(_ lookup: @escaping (String) -> String?) { self.lookup = lookup }

    /// "" when absent.
    public func text(_ name: String) -> String { lookup(name) ?? "" }

    /// `limit`; 0 for none.
    public func limit() throws(APIError) -> Int { try RequestLimit.parse(text("limit")) }

    /// Nil when absent.
    public func time(_ name: String) throws(APIError) -> Timestamp? {
        if text(name).isEmpty { return nil }
        do throws(APIError) {
            return try RequestTime.parse(text(name))
        } catch {
            throw .parameter(name, "invalid time value for '\(name)': \(error.message)")
        }
    }

    /// A time that must be there; the reference words its errors differently.
    public func requiredTime(_ name: String) throws(APIError) -> Timestamp {
        do throws(APIError) {
            return try RequestTime.parse(text(name))
        } catch {
            throw .parameter(name, error.message)
        }
    }

    /// In whole nanoseconds.
    public func duration(_ name: String) throws(APIError) -> Duration {
        do throws(APIError) {
            return try RequestDuration.parse(text(name))
        } catch {
            throw .parameter(name, error.message)
        }
    }

    /// A whole number of either sign, nil when absent.
    public func number(_ name: String) throws(APIError) -> Int? {
        if text(name).isEmpty { return nil }
        guard let number = Int(text(name)) else { throw .badData("\(name) must be a number") }
        return number
    }
}
