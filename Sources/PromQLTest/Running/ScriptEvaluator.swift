public import EmbeddedPrometheus
public import PromQL
public import PromQLEngine
public import TimeSeries

/// What answers the queries of a script.
public protocol ScriptEvaluator: Sendable {
    /// The value of a query over everything loaded so far. An error's description is what the
    /// script's expectations are compared with.
    func evaluate(
        _ query: String, on grid: StepGrid, over store: MemoryStore
    ) throws
        -> QueryResult
}

/// The engine alone, as the Prometheus project runs its scripts: with every experimental function
/// and modifier, delayed removal of names, start timestamps, and a small limit of samples.
public struct EngineScriptEvaluator: ScriptEvaluator {
    public var options: EngineOptions
    public var parsing: ParserOptions

    public init(
        options: EngineOptions = Self.scriptOptions, parsing: ParserOptions = .everything
    ) {
        self.options = options
        self.parsing = parsing
    }

    public static var scriptOptions: EngineOptions {
        var options = EngineOptions()
        options.delayedNameRemoval = true
        options.useStartTimestamps = true
        options.maxSamples = 10_000
        return options
    }

    public func evaluate(
        _ query: String, on grid: StepGrid, over store: MemoryStore
    ) throws -> QueryResult {
        try checkType(of: query, on: grid)
        return try Engine(options: options).evaluate(
            try parseExpression(query, options: parsing), on: grid, query: query, source: store)
    }

    /// The engine could answer a range query of any type; a Prometheus takes no such query.
    func checkType(of query: String, on grid: StepGrid) throws {
        let expression = try parseExpression(query, options: parsing)
        switch expression.valueType {
        case .scalar, .instantVector: break
        case .string, .rangeVector:
            guard grid.isInstant else {
                throw EvaluationError.execution(
                    "invalid expression type \"\(expression.valueType.rawValue)\" for range query, "
                        + "must be Scalar or instant Vector")
            }
        }
    }
}
