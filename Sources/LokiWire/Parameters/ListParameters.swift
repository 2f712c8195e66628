public import GoText
public import PrometheusWire

/// The parameters of `labels` and `label/<name>/values`; the selector is the caller's to parse.
public struct LogLabelsParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var bounds: LogBounds

    /// - Parameter now: what `end` is when it is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        bounds = try reader.bounds(now: now)
        if bounds.end < bounds.start {
            throw .badRequest(
                "this data is no longer available, it is past now - max_query_lookback (0s)")
        }
    }

    /// What a member is asked.
    ///
    /// - Parameter query: in the member's own labels; empty for all streams, which is not sent.
    public func memberParameters(query: String) -> [(name: String, value: String)] {
        (query.isEmpty ? [] : [("query", query)]) + bounds.memberParameters
    }
}

/// The parameters of `series`; the selectors are the caller's to parse.
public struct LogSeriesParameters: Sendable, Equatable {
    /// Not parsed, each once. None, and `{}`, are all series.
    public var selectors: [String]
    public var bounds: LogBounds

    /// - Parameters:
    ///   - selectors: the values of `match` and of `match[]`.
    ///   - now: what `end` is when it is absent.
    public init(
        _ reader: ParameterReader, selectors: [String], now: LogTime
    ) throws(LokiError) {
        var seen: Set<ByteString> = []
        self.selectors = selectors.filter { seen.insert(ByteString($0)).inserted }
        bounds = try reader.orderedBounds(now: now)
    }

    /// What a member is asked.
    ///
    /// - Parameter selectors: in the member's own labels.
    public func memberParameters(selectors: [String]) -> [(name: String, value: String)] {
        selectors.map { (name: "match[]", value: $0) } + bounds.memberParameters
    }
}

/// The parameters of `index/stats` and `detected_labels`; the selector is the caller's to parse.
public struct LogSelectorParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var bounds: LogBounds

    /// - Parameter now: what `end` is when it is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        bounds = try reader.orderedBounds(now: now)
    }

    /// What a member is asked.
    public func memberParameters(query: String) -> [(name: String, value: String)] {
        [("query", query)] + bounds.memberParameters
    }
}

/// The parameters of `index/volume` and `index/volume_range`; the selector is the caller's to parse.
public struct VolumeParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var bounds: LogBounds
    /// Series wanted at most.
    public var limit: Int
    /// Names of labels, as users see them; empty where the selector's count.
    public var targetLabels: [String]
    /// Whether volumes are of labels, not of streams.
    public var aggregatesLabels: Bool
    /// nil of `index/volume`.
    public var step: Milliseconds?

    private static let defaultLimit = 100

    /// - Parameters:
    ///   - isRange: whether it is `index/volume_range`.
    ///   - now: what `end` is when it is absent.
    public init(_ reader: ParameterReader, isRange: Bool, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        bounds = try reader.orderedBounds(now: now)
        let limit = try reader.integer("limit", or: Self.defaultLimit)
        self.limit = limit == 0 ? Self.defaultLimit : try reader.lineLimit()
        targetLabels = reader.text("targetLabels").split(separator: ",").map(String.init)
        switch reader.text("aggregateBy") {
        case "", "series": aggregatesLabels = false
        case "labels": aggregatesLabels = true
        default: throw .badRequest("invalid aggregation option")
        }
        step = isRange ? try reader.step(bounds) : nil
    }

    /// What a member is asked.
    ///
    /// - Parameters:
    ///   - query: in the member's own labels.
    ///   - limit: of series.
    ///   - targetLabels: in the member's own names.
    public func memberParameters(
        query: String, limit: Int, targetLabels: [String]
    ) -> [(name: String, value: String)] {
        var parameters = [(name: "query", value: query)] + bounds.memberParameters
        parameters.append(("limit", String(limit)))
        if !targetLabels.isEmpty {
            parameters.append(("targetLabels", targetLabels.joined(separator: ",")))
        }
        if aggregatesLabels { parameters.append(("aggregateBy", "labels")) }
        if let step { parameters.append(("step", "\(step)ms")) }
        return parameters
    }
}

/// The parameters of `patterns`; the selector is the caller's to parse.
public struct PatternParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var bounds: LogBounds
    /// Ten seconds or more, for patterns are counted in tens of seconds.
    public var step: Milliseconds

    /// - Parameter now: what `end` is when it is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        bounds = try reader.orderedBounds(now: now)
        step = try reader.step(bounds, least: 10_000)
    }

    /// What a member is asked.
    public func memberParameters(query: String) -> [(name: String, value: String)] {
        [("query", query)] + bounds.memberParameters + [("step", "\(step)ms")]
    }
}

/// The parameters of `detected_fields` and `detected_field/<name>/values`; the query is the caller's to
/// parse.
public struct DetectedFieldParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    public var bounds: LogBounds
    /// Fields or values wanted at most.
    public var limit: Int
    /// Lines that are looked at, at most, of each member.
    public var lineLimit: Int
    public var step: Milliseconds

    /// - Parameter now: what `end` is when it is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        bounds = try reader.orderedBounds(now: now)
        lineLimit = try reader.integer("line_limit", or: 100)
        if lineLimit <= 0 { throw .badRequest("limit must be a positive value") }
        limit = try reader.lineLimit(or: 1000)
        step = try reader.step(bounds)
    }

    /// What a member is asked.
    public func memberParameters(query: String) -> [(name: String, value: String)] {
        [("query", query)] + bounds.memberParameters
            + [
                ("limit", String(limit)), ("line_limit", String(lineLimit)),
                ("step", "\(step)ms"),
            ]
    }
}

/// The parameters of `tail`; the query is the caller's to parse, afterwards.
public struct TailParameters: Sendable, Equatable {
    /// Not parsed; empty when absent.
    public var query: String
    /// Lines from the past, at most.
    public var limit: Int
    /// Where the past begins.
    public var start: LogTime
    /// How long lines are held back for those that come late.
    public var delay: Duration

    private static let maximumDelay = 5

    /// - Parameter now: what an hour is counted back from when `start` is absent.
    public init(_ reader: ParameterReader, now: LogTime) throws(LokiError) {
        query = reader.text("query")
        limit = try reader.lineLimit()
        start = try reader.bounds(now: now).start
        let seconds = try reader.integer("delay_for", or: 0)
        if seconds > Self.maximumDelay {
            throw .badRequest("delay_for can't be greater than \(Self.maximumDelay)")
        }
        delay = .seconds(max(0, seconds))
    }
}
