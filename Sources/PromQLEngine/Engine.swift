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
    /// `range()` speak of, where that is not `grid` itself.
    public func evaluate(
        _ expression: Expression, on grid: StepGrid, query text: String,
        source: any SeriesSource, outer: StepGrid? = nil
    ) throws(EvaluationError) -> QueryResult {
        let query = outer ?? grid
        var evaluator = Evaluator(
            options: options, text: text, source: source, grid: grid, query: query)
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
        result.peakSamples = evaluator.state.peakSamples
        result.trace = evaluator.state.trace
        return result
    }
}
