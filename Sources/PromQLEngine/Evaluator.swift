internal import PromQL
internal import TimeSeries

/// Evaluates expressions on one grid. A subquery or a step-invariant part gets an evaluator of its
/// own, on another grid, that carries the same state on.
struct Evaluator {
    let options: EngineOptions
    let text: String
    /// Where lines of the text begin, in bytes.
    private let lineStarts: [Int]
    let source: any SeriesSource
    let grid: StepGrid
    /// The grid of the whole query.
    let query: StepGrid
    /// Selectors find out for themselves where histograms were reset, as Prometheus does where
    /// only counts and sums of histograms are asked for.
    var detectsResets = false
    var state: EvaluationState
    let budget: EvaluationBudget

    init(
        options: EngineOptions, text: String, source: any SeriesSource, grid: StepGrid,
        query: StepGrid, budget: EvaluationBudget? = nil
    ) {
        self.options = options
        self.text = text
        lineStarts =
            [0] + text.utf8.enumerated().lazy.filter { $0.element == 0x0A }.map { $0.offset + 1 }
        self.source = source
        self.grid = grid
        self.query = query
        state = EvaluationState(options)
        self.budget = budget ?? EvaluationBudget(options)
    }

    private init(_ parent: Evaluator, grid: StepGrid) {
        options = parent.options
        text = parent.text
        lineStarts = parent.lineStarts
        source = parent.source
        self.grid = grid
        query = parent.query
        detectsResets = parent.detectsResets
        state = parent.state
        budget = parent.budget
    }

    /// Runs `body` with an evaluator for another grid.
    mutating func on<Value>(
        _ grid: StepGrid, _ body: (inout Evaluator) throws(EvaluationError) -> Value
    ) throws(EvaluationError) -> Value {
        try budget.refuse(steps: grid.count)
        var inner = Evaluator(self, grid: grid)
        let value = try body(&inner)
        state = inner.state
        return value
    }

    /// Whether the steps of a range query are evaluated, or a single time.
    var isSingleStep: Bool { grid.count <= 1 }

    /// The value of an expression. Of the samples held meanwhile, those of the value remain held.
    mutating func evaluate(_ expression: Expression) throws(EvaluationError) -> EvaluatedValue {
        try budget.check()
        let before = budget.samples
        let cells = budget.cells
        let began = traceNanoseconds
        let value: EvaluatedValue
        if !isSingleStep, StepInvariance(source).pays(for: expression) {
            let first = StepGrid(start: grid.start, end: grid.start, step: grid.step)
            let once = try on(first) { evaluator throws(EvaluationError) in
                try evaluator.compute(expression)
            }
            value = try once.repeated(grid.count, within: budget)
        } else {
            value = try compute(expression)
        }
        try budget.hold(before + value.weight)
        try budget.settle(cells: cells + value.cells)
        if began > 0 { trace(value, of: expression, since: began) }
        return value
    }

    private mutating func compute(
        _ expression: Expression
    ) throws(EvaluationError) -> EvaluatedValue {
        switch expression {
        case .number(let literal):
            return try constant(literal.value)
        case .string(let literal):
            return .string(literal.value)
        case .paren(let paren):
            return try evaluate(paren.expression)
        case .unary(let unary):
            return try evaluateUnary(unary)
        case .binary(let binary):
            return try evaluateBinary(binary)
        case .aggregation(let aggregation):
            return .vector(try evaluateAggregation(aggregation))
        case .call(let call):
            return try evaluateCall(call)
        case .vectorSelector(let selector):
            return .vector(try vector(selector))
        case .matrixSelector, .subquery:
            return .range(try rangeVector(expression))
        }
    }

    /// The value of an expression of type instant vector.
    mutating func vector(_ expression: Expression) throws(EvaluationError) -> [StepSeries] {
        switch try evaluate(expression) {
        case .vector(let series): return series
        case .scalar, .string, .range:
            throw .execution("unexpected error: expected an instant vector")
        }
    }

    /// The value of an expression of type scalar, one number a step.
    mutating func scalar(_ expression: Expression) throws(EvaluationError) -> [Double] {
        switch try evaluate(expression) {
        case .scalar(let values): return values
        case .vector, .string, .range:
            throw .execution("unexpected error: expected a scalar")
        }
    }

    /// `line:column` of the start of a piece of the query's text, both from 1, in bytes.
    func position(_ range: SourceRange) -> String {
        var (line, end) = (1, lineStarts.count)
        while line < end {
            let middle = (line + end) / 2
            if lineStarts[middle] <= range.start { line = middle + 1 } else { end = middle }
        }
        return "\(line):\(range.start - lineStarts[line - 1] + 1)"
    }

    private mutating func vector(
        _ selector: VectorSelector
    ) throws(EvaluationError) -> [StepSeries] {
        guard let supplied = source.supplied(for: selector) else {
            return try instantVector(selector, giving: .value)
        }
        let series: [StepSeries]
        let cells = supplied.cells(grid)
        try budget.reserve(cells)
        do {
            series = try supplied.values(grid)
        } catch {
            throw .expanding(error)
        }
        if series.contains(where: { $0.values.count != grid.count }) {
            throw .execution("unexpected error: supplied values are not on their grid")
        }
        return series
    }
}

extension EvaluationError {
    /// A source failed to deliver.
    static func expanding(_ error: any Error) -> EvaluationError {
        (error as? EvaluationError) ?? .execution("expanding series: \(error)")
    }
}

extension Expression {
    /// Without enclosing parentheses.
    var unwrapped: Expression {
        var inner = self
        while case .paren(let paren) = inner { inner = paren.expression }
        return inner
    }
}

/// What changes while a query is evaluated, whatever grid is being evaluated.
struct EvaluationState {
    var annotations = Annotations()
    /// Nil unless the caller wants it.
    var trace: EvaluationTrace?

    init(_ options: EngineOptions) {
        trace = options.isTraced ? EvaluationTrace() : nil
    }
}

/// What a part of an expression came to, over all steps.
enum EvaluatedValue {
    /// One a step.
    case scalar([Double])
    case string(String)
    case vector([StepSeries])
    case range(RangeVector)

    /// What it weighs against the limit of samples.
    var weight: Int {
        switch self {
        case .scalar(let values): values.count
        case .string: 0
        case .vector(let series): series.reduce(0) { $0 + $1.sampleWeight }
        case .range(let vector): vector.weight
        }
    }
}

extension StepSeries {
    var sampleWeight: Int {
        var count = 0
        for value in values where !SampleValue.isAbsent(value) { count += 1 }
        for histogram in histograms.values { count += histogram.weight }
        return count
    }
}
