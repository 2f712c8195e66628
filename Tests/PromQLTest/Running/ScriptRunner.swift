public import EmbeddedPrometheus
import GoText
public import PromQL
public import PromQLEngine
public import PromQLScripts
public import TimeSeries

/// Runs scripts.
///
/// Each instant query is run more than once, and must always give the same: as it stands; as the
/// middle step of a range query; and both again at other times with its time written as `@` on
/// all its selectors. Queries whose answer depends on the time or range of the query are left out
/// of the variations.
public struct ScriptRunner: Sendable {
    public var evaluator: any ScriptEvaluator
    /// For reading the queries that are varied.
    public var parsing: ParserOptions

    public init(
        evaluator: any ScriptEvaluator = EngineScriptEvaluator(),
        parsing: ParserOptions = .everything
    ) {
        self.evaluator = evaluator
        self.parsing = parsing
    }

    /// Runs every command; a query that fails does not keep the next from running.
    public func run(_ script: PromQLScript, name: String) -> ScriptReport {
        var report = ScriptReport(name: name)
        let store = MemoryStore()
        for command in script.commands {
            switch command {
            case .clear: store.removeAll()
            case .load(let load): store.insert(load.series())
            case .evaluate(let evaluation):
                do throws(Mismatch) {
                    try check(evaluation, over: store)
                    report.passed += 1
                } catch {
                    report.failures.append(
                        ScriptReport.Failure(
                            line: evaluation.line, query: evaluation.expression,
                            reason: error.reason))
                }
            }
        }
        return report
    }

    private func check(
        _ command: EvaluateCommand, over store: MemoryStore
    ) throws(Mismatch) {
        guard !command.isRange else {
            try check(command, command.expression, on: command.grid, over: store)
            return
        }
        let time = command.rangeVectorGrid?.end ?? command.grid.start
        try checkInstant(command, command.expression, at: time, over: store)
        let variant: Expression?
        do {
            variant = try parseExpression(command.expression, options: parsing)
                .fixed(at: time)
        } catch {
            // Not a query at all; that it fails as it should has been seen.
            return
        }
        guard let variant else { return }
        let text = variant.description
        // A string that is no UTF-8 cannot be printed: the text would be another query.
        if text.contains("\u{FFFD}"), !command.expression.contains("\u{FFFD}") { return }
        let since = time.milliseconds
        let times: [Timestamp] =
            since == 0
            ? [-1000, 0, 1000]
            : [-10 * since, 0, since / 5, since, 10 * since].map(Timestamp.init(milliseconds:))
        for other in times { try checkInstant(command, text, at: other, over: store) }
    }

    /// Checks an instant query, then the same query as the middle step of a range query.
    private func checkInstant(
        _ command: EvaluateCommand, _ query: String, at time: Timestamp, over store: MemoryStore
    ) throws(Mismatch) {
        let failed = try check(command, query, on: .instant(time), over: store)
        if failed || command.rangeVectorGrid != nil || Self.asksForItsRange(query) { return }
        if case .string = command.values { return }
        let grid = StepGrid(start: time - 60_000, end: time + 60_000, step: 60_000)
        do {
            let result = try evaluator.evaluate(query, on: grid, over: store)
            // A range query's result has an order of its own.
            if command.isOrdered { return }
            try Expectation(command).check(result.value.step(1), on: .instant(time))
        } catch {
            throw Mismatch("as a range query, \(query) at \(time) ms: \(error)")
        }
    }

    /// Whether the query failed, as it should.
    @discardableResult
    private func check(
        _ command: EvaluateCommand, _ query: String, on grid: StepGrid, over store: MemoryStore
    ) throws(Mismatch) -> Bool {
        let place = query == command.expression ? "" : "as \(query) at \(grid.start) ms: "
        let result: QueryResult
        do {
            result = try evaluator.evaluate(query, on: grid, over: store)
        } catch {
            guard let failure = command.failure else { throw Mismatch("\(place)failed: \(error)") }
            guard failure.matches("\(error)") else {
                throw Mismatch("\(place)failed with \"\(error)\", not with \(failure)")
            }
            return true
        }
        if command.failure != nil { throw Mismatch("\(place)succeeded") }
        do throws(Mismatch) {
            let expectation = Expectation(command)
            try expectation.check(result.annotations)
            try expectation.check(result.value, on: grid)
        } catch {
            throw Mismatch(place + error.reason)
        }
        return false
    }

    /// Whether the query uses its own start, end, range or step.
    private static func asksForItsRange(_ query: String) -> Bool {
        ["start()", "end()", "range()", "step()"].contains { query.contains($0) }
    }
}

/// How an answer differs from what was expected.
struct Mismatch: Error, CustomStringConvertible {
    var reason: String
    init(_ reason: String) { self.reason = reason }
    var description: String { reason }
}

extension QueryResult.Value {
    /// One step of a range query's value.
    fileprivate func step(_ step: Int) -> QueryResult.Value {
        switch self {
        case .scalar(let values): return .scalar([values[step]])
        case .string, .rangeVector: return self
        case .vector(let series):
            return .vector(
                series.compactMap { one in
                    let histogram = one.histograms[step]
                    if histogram == nil, SampleValue.isAbsent(one.values[step]) { return nil }
                    return StepSeries(
                        labels: one.labels, values: [one.values[step]],
                        histograms: histogram.map { [0: $0] } ?? [:])
                })
        }
    }
}

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

extension Expression {
    /// The same expression with `@ time` (ms) on every selector and subquery that has none, those
    /// inside a subquery left alone; nil when a function in it depends on the query's time.
    func fixed(at time: Timestamp) -> Expression? {
        switch self {
        case .number, .string: return self
        case .paren(var node):
            guard let inner = node.expression.fixed(at: time) else { return nil }
            node.expression = inner
            return .paren(node)
        case .unary(var node):
            guard let operand = node.operand.fixed(at: time) else { return nil }
            node.operand = operand
            return .unary(node)
        case .binary(var node):
            guard let lhs = node.lhs.fixed(at: time), let rhs = node.rhs.fixed(at: time) else {
                return nil
            }
            node.lhs = lhs
            node.rhs = rhs
            return .binary(node)
        case .aggregation(var node):
            guard let inner = node.expression.fixed(at: time) else { return nil }
            node.expression = inner
            if let parameter = node.parameter {
                guard let fixed = parameter.fixed(at: time) else { return nil }
                node.parameter = fixed
            }
            return .aggregation(node)
        case .call(var node):
            guard !node.function.dependsOnQueryTime else { return nil }
            var arguments: [Expression] = []
            for argument in node.arguments {
                guard let fixed = argument.fixed(at: time) else { return nil }
                arguments.append(fixed)
            }
            node.arguments = arguments
            return .call(node)
        case .vectorSelector(var node):
            node.at = node.at.fixed(at: time)
            return .vectorSelector(node)
        case .matrixSelector(var node):
            node.selector.at = node.selector.at.fixed(at: time)
            return .matrixSelector(node)
        case .subquery(var node):
            guard !node.expression.dependsOnQueryTime else { return nil }
            node.at = node.at.fixed(at: time)
            return .subquery(node)
        }
    }

    /// Whether any function in the expression depends on the query's time.
    private var dependsOnQueryTime: Bool { fixed(at: 0) == nil }
}

extension AtModifier? {
    fileprivate func fixed(at time: Timestamp) -> AtModifier {
        switch self {
        case .timestamp(let own): .timestamp(own)
        // In an instant query both are its time.
        case .start, .end, nil: .timestamp(time)
        }
    }
}

extension Function {
    fileprivate var dependsOnQueryTime: Bool {
        switch self {
        case .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year,
            .predictLinear, .time, .timestamp, .start, .end, .range, .step, .startTimestamp:
            true
        default: false
        }
    }
}
