import GatewayConfiguration
import GoText
import PromQL
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// What a client asks with `query` or `query_range`, checked in Prometheus's order.
struct QueryRequest: Sendable {
    var kind: QueryKind
    var text: String
    var expression: Expression
    var grid: StepGrid
    /// What the client is told about how its query was understood.
    var infos: Set<String> = []
    /// What the client is warned of, whatever the answer.
    var warnings: Set<String> = []
    /// Nil unless the request asks what the query costs.
    var statistics: StatisticsDetail?
    /// Results wanted at most; 0 for all.
    var limit: Int
    var time: AnswerTime
    var lookback: Milliseconds
    /// Whether the request says it.
    var namesLookback: Bool
    var partialResponse: PartialResponse
    var exactness: Exactness
    /// Samples in memory at once.
    var maxSamples: Int
    /// Whether the answer may be what a member said before, or says to another request.
    var takesCached: Bool
    /// Whether the answer tells its plan, and what that took.
    var isTraced: Bool

    /// Whether evaluating it over little data takes no time worth speaking of.
    var isShort: Bool {
        guard text.utf8.count <= 2048, grid.count <= 1000 else { return false }
        var hasSubquery = false
        expression.forEach { if case .subquery = $0 { hasSubquery = true } }
        return !hasSubquery
    }

    /// When the answer is of no more use.
    var deadline: ContinuousClock.Instant { time.deadline }

    /// `now` is read once a request.
    init(
        _ request: PrometheusRequest, kind: QueryKind, project: ResolvedProject,
        settings: QuerySettings, maxQueryBytes: Int, now: Timestamp
    ) throws(APIError) {
        self.kind = kind
        let range: RangeQueryParameters?
        let common: CommonQueryParameters
        switch kind {
        case .instant:
            let parameters = try InstantQueryParameters(request.reader, now: now)
            range = nil
            grid = .instant(parameters.time)
            common = parameters.common
        case .range:
            let parameters = try RangeQueryParameters(request.reader)
            range = parameters
            // Until the expression is known to be right; then the parameters tell the steps.
            grid = .instant(parameters.start)
            common = parameters.common
        }
        limit = common.limit
        let timeout = settings.timeout
        time = AnswerTime(min(timeout, common.timeout ?? timeout))
        namesLookback = common.lookbackDelta != nil
        lookback = common.lookbackDelta ?? Milliseconds(settings.lookback)
        statistics = common.statistics
        warnings.formUnion(common.warnings)
        partialResponse = try project.policy(for: request)
        let isExact = ["true", "1"].contains(request.parameter("exact"))
        exactness = isExact ? .strict : project.exactness
        maxSamples = settings.maxSamples
        takesCached = !["true", "1"].contains(request.parameter("nocache"))
        isTraced = ["true", "1"].contains(request.parameter("trace"))

        text = common.query
        guard text.utf8.count <= maxQueryBytes else {
            throw .parameter("query", "the query is longer than \(maxQueryBytes) bytes")
        }
        do throws(ParseError) {
            var options = ParserOptions(features: settings.features)
            // Whether a member knows it is seen when the members are known.
            options.holtWinters = true
            expression = try parseExpression(text, options: options)
        } catch {
            throw .parameter("query", error.description)
        }
        if let range {
            try Self.checkType(of: expression)
            grid = try range.grid
        }
        try project.limits.check(expression, on: grid)
        maxSamples = min(settings.maxSamples, project.limits.maxSamples ?? .max)
    }

    private static func checkType(of expression: Expression) throws(APIError) {
        switch expression.valueType {
        case .scalar, .instantVector: break
        case .string, .rangeVector:
            throw .parameter(
                "query",
                "invalid expression type \"\(expression.valueType.rawValue)\" for range query, "
                    + "must be Scalar or instant Vector")
        }
    }
}

extension QueryRequest {
    /// Raises the step of a range query to the coarsest `metricResolution` of the members that are
    /// asked, and says so: a remote has no data between its steps, and some answer no finer ones.
    /// Nor do all answer at fractions of a second, so that the step is one of whole seconds.
    ///
    /// - Returns: whether the step changed.
    mutating func coarsen(for members: [Member]) -> Bool {
        guard case .range = kind, grid.start < grid.end else { return false }
        let coarsest = members.map { (resolution: $0.resolution, name: $0.name) }
            .max { $0.resolution < $1.resolution }
        guard let coarsest, coarsest.resolution > 0 else { return false }
        let least = max(coarsest.resolution, grid.step)
        let step = Milliseconds((least.count + 999) / 1000 * 1000)
        guard step > grid.step else { return false }
        let name = GoQuoting.quote(coarsest.name)
        let reason =
            coarsest.resolution > grid.step
            ? "the metricResolution of project \(name)"
            : "as project \(name) is asked at whole seconds"
        infos.insert(
            "step raised from \(DurationText.text(grid.step)) to \(DurationText.text(step)), \(reason)"
        )
        grid = StepGrid(start: grid.start, end: grid.end, step: step)
        return true
    }
}

extension Member {
    /// The least step that makes sense to ask for, 0 for any.
    fileprivate var resolution: Milliseconds {
        return clients.map { client in
            switch client.configuration.source {
            case .prometheus, .telemetry: 0
            case .remoteCoroot(let remote): Milliseconds(remote.metricResolution)
            }
        }.max() ?? 0
    }
}

extension PartialResponse {
    /// What a request wishes with `partial_response`: `true` or `1` to warn, `false` or `0` to
    /// abort, or one of the configuration's words. nil when it wishes nothing.
    public static func requested(by request: PrometheusRequest) throws(APIError) -> PartialResponse?
    {
        try requested(by: request.parameter("partial_response"))
    }

    /// As above, of the value of the parameter.
    static func requested(by text: String) throws(APIError) -> PartialResponse? {
        switch text {
        case "": return nil
        case "true", "1", "warn": return .warn
        case "false", "0", "abort": return .abort
        case "safe": return .safe
        default:
            throw .parameter(
                "partial_response", "\(GoQuoting.quote(text)) is not one of true, false, safe")
        }
    }
}

/// Which of the two query endpoints was asked.
public enum QueryKind: Sendable, Hashable {
    /// `/api/v1/query`
    case instant
    /// `/api/v1/query_range`
    case range
}

extension ParserOptions {
    /// The language with the configured features switched on.
    public init(features: Set<QuerySettings.Feature>) {
        self.init()
        for feature in features {
            switch feature {
            case .experimentalFunctions: experimentalFunctions = true
            case .extendedRangeSelectors: extendedRangeSelectors = true
            case .binaryFillModifiers: binopFillModifiers = true
            // Matters of evaluation, or always on.
            case .durationExpressions, .delayedNameRemoval, .startTimestamps, .typeAndUnitLabels:
                break
            }
        }
    }
}
