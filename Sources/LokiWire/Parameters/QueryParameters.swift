import GoText
public import PrometheusWire
public import TimeSeries

/// The order of lines.
public enum LogDirection: String, Sendable {
    /// The oldest line first.
    case forward
    /// The newest line first.
    case backward
}

/// The window of a request.
public struct LogBounds: Sendable, Equatable {
    /// The first time inside.
    public var start: LogTime
    /// The first time behind the window.
    public var end: LogTime

    public init(start: LogTime, end: LogTime) {
        self.start = start
        self.end = end
    }

    /// As parameters that members are sent.
    public var memberParameters: [(name: String, value: String)] {
        [("start", start.text), ("end", end.text)]
    }
}

/// The parameters of `query_range`, checked in Loki's order; the query is the caller's to parse,
/// afterwards.
public struct LogRangeParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var bounds: LogBounds
    /// Lines wanted at most.
    public var limit: Int
    public var direction: LogDirection
    /// Between the points of a metric query, in whole milliseconds of one or more.
    public var step: Milliseconds
    /// Between lines, at least; zero for all lines.
    public var interval: Duration

    /// - Parameter now: what `end` is when it is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        bounds = try reader.orderedBounds(now: now)
        limit = try reader.lineLimit()
        direction = try reader.direction()
        step = try reader.step(bounds)
        interval = try reader.seconds("interval") ?? .zero
        if interval < .zero { throw .badRequest("interval must be >= 0") }
    }

    /// - Throws: when a log query wants more lines than `most`.
    public func checkLines(atMost most: Int) throws(LokiError) {
        guard limit > most else { return }
        throw .badRequest(
            "max entries limit per query exceeded, limit > max_entries_limit_per_query "
                + "(\(limit) > \(most))")
    }

    /// The points of a metric query. They are multiples of the step since the epoch, from the last one
    /// at or before the start to the first one at or behind the end, whatever window was asked for.
    public var grid: StepGrid { bounds.aligned(to: step) }

    /// What a member is asked for lines.
    ///
    /// - Parameters:
    ///   - query: in the member's own labels.
    ///   - limit: of lines. The interval is not sent: it holds between the lines of all members.
    public func memberLogParameters(
        query: String, limit: Int
    ) -> [(name: String, value: String)] {
        [("query", query)] + bounds.memberParameters
            + [("limit", String(limit)), ("direction", direction.rawValue)]
    }

    /// What a member is asked for points: those of `grid`.
    public func memberMetricParameters(query: String) -> [(name: String, value: String)] {
        let grid = grid
        return [
            ("query", query), ("start", LogTime(grid.start).text), ("end", LogTime(grid.end).text),
            ("step", "\(step)ms"),
        ]
    }
}

extension LogBounds {
    /// The multiples of a step, from the last one at or before the start to the first one at or behind
    /// the end.
    func aligned(to step: Milliseconds) -> StepGrid {
        let first = start.timestamp.milliseconds.floorDivided(by: step.count)
        // Rounded up: to the millisecond, then to the step.
        let last =
            (end - .nanoseconds(1)).nanoseconds.floorDivided(by: 1_000_000).floorDivided(
                by: step.count) + 1
        return StepGrid(
            start: Timestamp(milliseconds: first * step.count),
            end: Timestamp(milliseconds: last * step.count), step: step)
    }
}

/// The parameters of `query`, checked in Loki's order; the query is the caller's to parse, afterwards.
public struct LogInstantParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var limit: Int
    public var time: LogTime
    public var direction: LogDirection

    /// - Parameter now: what `time` is when it is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        limit = try reader.lineLimit()
        do throws(LogTime.Failure) {
            time = reader.text("time").isEmpty ? now : try LogTime(parsing: reader.text("time"))
        } catch {
            throw .badRequest(error.text)
        }
        direction = try reader.direction()
    }

    /// The one point, in milliseconds.
    public var grid: StepGrid { .instant(time.timestamp) }

    /// What a member is asked.
    public func memberParameters(query: String) -> [(name: String, value: String)] {
        [("query", query), ("time", time.text)]
    }
}

/// The header by which a client asks that each line says which of its labels are structured metadata
/// and which were parsed, and by which members are asked for it.
public enum LogEncoding {
    public static let header = "X-Loki-Response-Encoding-Flags"
    public static let categorizeLabels = "categorize-labels"

    /// Whether the value of the header, a list with commas, has the flag.
    public static func isCategorized(header value: String?) -> Bool {
        (value ?? "").split(separator: ",").contains {
            $0.drop { $0 == " " }.utf8.elementsEqual(categorizeLabels.utf8)
        }
    }

    /// Whether a client accepts nothing but Parquet, which is refused (`LokiError.parquet`).
    public static func isParquet(accept value: String?) -> Bool {
        value == "application/vnd.apache.parquet"
    }
}
