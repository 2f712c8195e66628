public import GoText
public import PromQL
public import TimeSeries

/// Evaluates PromQL expressions: operator by operator, each over all steps at once.
///
/// Columns are dense: the value of an operator takes 8 bytes for every series and step (and the
/// label set once a series) until the operator above has consumed it. Raw samples stay where they
/// are and are read by moving windows; native histograms are kept sparsely, by step.
public struct Engine: Sendable {
    public let options: EngineOptions

    public init(options: EngineOptions = EngineOptions()) { self.options = options }

    /// The value of a parsed and type-checked expression at every step of `grid`.
    ///
    /// `text` is what the user wrote; positions in annotations are lines and columns of it.
    /// `outer` gives the query that `@ start()`, `@ end()`, `start()`, `end()`, `step()` and
    /// `range()` speak of, where that is not `grid` itself. `memory` lends what columns take.
    public func evaluate(
        _ expression: Expression, on grid: StepGrid, query text: String,
        source: any SeriesSource, outer: StepGrid? = nil, memory: (any EvaluationMemory)? = nil
    ) throws(EvaluationError) -> QueryResult {
        // The recursion may run on a thread that has no task.
        let outcome = withUnsafeCurrentTask { task in
            Result { () throws(EvaluationError) -> QueryResult in
                try expression.recursing { () throws(EvaluationError) -> QueryResult in
                    let budget = EvaluationBudget(
                        options, memory: memory, isCancelled: { task?.isCancelled ?? false })
                    return try result(
                        of: expression, on: grid, query: text, source: source,
                        outer: outer ?? grid, budget)
                }
            }
        }
        return try outcome.get()
    }

    private func result(
        of expression: Expression, on grid: StepGrid, query text: String,
        source: any SeriesSource, outer query: StepGrid, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> QueryResult {
        var evaluator = Evaluator(
            options: options, text: text, source: source, grid: grid, query: query, budget: budget)
        let context = QueryContext(start: query.start, end: query.end, step: query.step)
        let resolved: Expression
        do {
            resolved = try expression.resolved(in: context)
        } catch {
            throw .execution(error.description)
        }
        let value = try evaluator.evaluateRoot(resolved)
        var annotations = evaluator.state.annotations
        if let refusal = annotations.refusal { throw .execution(refusal) }
        if options.dialect == .prometheus2 { annotations = Annotations() }
        var result = QueryResult(value: value, grid: grid, annotations: annotations)
        result.peakSamples = evaluator.budget.peakSamples
        result.peakCells = evaluator.budget.peakCells
        result.trace = evaluator.state.trace
        return result
    }
}

/// What an evaluation depends on besides the expression, the grid and the data.
public struct EngineOptions: Sendable, Hashable {
    /// Which ends of range and lookback windows are included.
    public enum RangeBoundary: String, Sendable, Hashable {
        /// Prometheus 3.x: `(t - range, t]`.
        case leftOpen
        /// Prometheus 2.x: `[t - range, t]`.
        case closed
    }

    /// Whose arithmetic is followed where the two differ beyond the window's ends.
    public enum Dialect: String, Sendable, Hashable {
        case prometheus3
        /// As 2.42: sums without compensation, incremental means, extrapolation that looks for the
        /// zero point before it judges the distance, no annotations.
        case prometheus2
    }

    public var lookback: Milliseconds = 300_000
    /// Used where a subquery names no step.
    public var defaultSubqueryStep: Milliseconds = 60_000
    public var rangeBoundary: RangeBoundary = .leftOpen
    public var dialect: Dialect = .prometheus3
    /// Whose rules are followed where they changed within 3.x.
    public var language = LanguageVersion.current
    /// Metric names are dropped at the end of the query instead of at each operation
    /// (`promql-delayed-name-removal`).
    public var delayedNameRemoval = false
    /// Start timestamps take part in reset detection and extrapolation (`use-start-timestamps`).
    public var useStartTimestamps = false
    /// `__type__` and `__unit__` are judged by `rate` and its like (`type-and-unit-labels`).
    public var typeAndUnitLabels = false
    /// Samples in memory at once before the query fails.
    public var maxSamples = 50_000_000
    /// Places in columns at once before the query fails: one a series and step, whether a sample
    /// fills it or not, 8 bytes each. Columns of series that come and go are mostly empty; hence a
    /// multiple of the samples.
    public var maxCells: Int { max(4_000_000, 4 * min(maxSamples, .max / 8)) }
    /// Bytes of labels that functions make, at once, before the query fails.
    public var maxLabelBytes: Int { max(1 << 24, 8 * min(maxSamples, .max / 8)) }
    /// When the evaluation must have ended; nil for never.
    public var deadline: ContinuousClock.Instant?
    /// Whether the result says what each part of the expression cost.
    public var isTraced = false

    public init() {}
}

/// Where the engine finds values. Synchronous and pure: whatever needs the network was fetched
/// before the engine runs.
public protocol SeriesSource: Sendable {
    /// The series that satisfy every matcher, in label order, with at least their samples in
    /// `from...through` (ms, both ends included; more is harmless, stale markers included).
    func series(
        matching matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws
        -> [SampleSeries]

    /// What the source supplies in the place of a selector, or nil, as of every selector that was
    /// parsed, where the selector chooses series.
    func supplied(for selector: VectorSelector) -> SuppliedValues?
}

extension SeriesSource {
    public func supplied(for selector: VectorSelector) -> SuppliedValues? { nil }
}

/// Values that were computed elsewhere, for a selector that marks their place. They already have
/// what its offset and `@` say: these only tell at what time the values were read, for `info`.
public struct SuppliedValues: Sendable {
    /// True when what was computed elsewhere has the same value at every step.
    public var isStepInvariant: Bool
    /// The values on exactly this grid, in label order. A point holds at its own step alone; no
    /// lookback is applied to it.
    public var values: @Sendable (_ grid: StepGrid) throws -> [StepSeries]
    /// How many places in columns the values take on that grid, histograms counted as places.
    public var cells: @Sendable (_ grid: StepGrid) -> Int

    public init(
        isStepInvariant: Bool = false,
        cells: @escaping @Sendable (_ grid: StepGrid) -> Int = { _ in 0 },
        values: @escaping @Sendable (_ grid: StepGrid) throws -> [StepSeries]
    ) {
        self.isStepInvariant = isStepInvariant
        self.cells = cells
        self.values = values
    }
}

/// Why an evaluation failed; `description` is the text Prometheus would give.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// 422 `execution`.
    case execution(String)
    /// 503 `timeout`.
    case timeout(String)
    /// 499 `canceled`.
    case canceled(String)
    /// So many bytes were not to be had at once.
    case noMemory(Int)

    public var description: String {
        switch self {
        case .execution(let text), .timeout(let text), .canceled(let text): text
        case .noMemory(let bytes): "no memory for \(bytes) bytes"
        }
    }
}

/// The value of a query.
public struct QueryResult: Sendable {
    public enum Value: Sendable {
        /// One value a step.
        case scalar([Double])
        case string(String)
        /// An instant vector over the grid. For an instant query: in the order of evaluation
        /// (label order unless `sort*`, `topk` or `bottomk` made another). For a range query:
        /// label order, series without any value left out.
        case vector([StepSeries])
        /// Raw samples (`x[5m]` at the root of an instant query), label order.
        case rangeVector([SampleSeries])
    }
    public var value: Value
    public var grid: StepGrid
    public var annotations: Annotations
    /// The most samples that were in memory at once.
    public var peakSamples = 0
    /// The most places in columns that were in memory at once, 8 bytes each.
    public var peakCells = 0
    /// When the options ask for it.
    public var trace: EvaluationTrace?

    public init(value: Value, grid: StepGrid, annotations: Annotations) {
        self.value = value
        self.grid = grid
        self.annotations = annotations
    }
}
