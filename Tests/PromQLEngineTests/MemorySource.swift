import GoText
import PromQL
import PromQLEngine
import TimeSeries

/// Series and supplied values by hand.
struct MemorySource: SeriesSource {
    struct Missing: Error, CustomStringConvertible {
        var description: String { "no such values" }
    }

    var samples: [SampleSeries] = []
    /// By the names of selectors; these begin with a NUL, as no query's do.
    var supplied: [String: [StepSeries]] = [:]
    /// Names of values that are the same at every step.
    var invariant: Set<String> = []
    /// Thrown instead of an answer.
    var failure: Missing?

    /// Series by metric name and labels, with values every `interval` from 0; nil for none.
    init(interval: Milliseconds = 60_000, _ series: [(labels: [String: String], values: [Double?])])
    {
        samples = series.map { one in
            var result = SampleSeries(labels: LabelSet(one.labels))
            for (i, value) in one.values.enumerated() {
                guard let value else { continue }
                result.times.append(.epoch + interval * Int64(i))
                result.values.append(value)
            }
            return result
        }
        samples.sort { $0.labels < $1.labels }
    }

    func series(
        matching matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws -> [SampleSeries] {
        if let failure { throw failure }
        return samples.filter { one in
            matchers.allSatisfy { matcher in
                let value = one.labels[matcher.name] ?? ""
                switch matcher.op {
                case .equal: return value == matcher.value
                case .notEqual: return value != matcher.value
                case .regexMatch, .regexNoMatch: return true
                }
            }
        }
    }

    func supplied(for selector: VectorSelector) -> SuppliedValues? {
        guard let name = selector.name, name.hasPrefix("\u{0}") else { return nil }
        return SuppliedValues(isStepInvariant: invariant.contains(name)) { _ in
            guard let values = supplied[name] else { throw Missing() }
            return values
        }
    }
}

let minute: Milliseconds = 60_000

/// So many minutes after the epoch.
func minutes(_ count: Int64) -> Timestamp { .epoch + minute * count }

/// A selector of a metric by name.
func metric(
    _ name: String, _ labels: [String: String] = [:], offset: Milliseconds? = nil,
    at: AtModifier? = nil, extended: VectorSelector.Extension? = nil
) -> VectorSelector {
    VectorSelector(
        name: name,
        matchers: [LabelMatcher("__name__", .equal, name)]
            + labels.sorted { $0.key < $1.key }.map { LabelMatcher($0.key, .equal, $0.value) },
        offset: offset.map { .fixed($0) }, at: at, extended: extended)
}

extension VectorSelector {
    var expression: Expression { .vectorSelector(self) }
    func over(_ window: Milliseconds) -> Expression {
        .matrixSelector(MatrixSelector(self, window: .fixed(window)))
    }
}

extension Expression {
    static func call(_ function: Function, _ arguments: Expression...) -> Expression {
        .call(Call(function, arguments))
    }
    static func literal(_ value: Double) -> Expression { .number(NumberLiteral(value)) }
    func over(
        _ window: Milliseconds, step: Milliseconds, offset: Milliseconds? = nil,
        at: AtModifier? = nil
    ) -> Expression {
        .subquery(
            Subquery(
                self, window: .fixed(window), step: .fixed(step),
                offset: offset.map { .fixed($0) }, at: at))
    }
    func aggregated(
        _ op: Aggregation.Operator, by grouping: [String] = [], parameter: Expression? = nil,
        without: Bool = false
    ) -> Expression {
        .aggregation(
            Aggregation(
                op, self, parameter: parameter, grouping: grouping, isWithout: without))
    }
    func combined(
        _ op: Binary.Operator, _ other: Expression, _ matching: VectorMatching? = nil,
        bool: Bool = false
    ) -> Expression {
        .binary(Binary(op, self, other, returnsBool: bool, matching: matching))
    }
}

extension QueryResult {
    /// Label text and values, absence as nil.
    var table: [String: [Double?]] {
        switch value {
        case .vector(let series):
            return Dictionary(
                series.map { one in
                    (one.labels.text, one.values.map { SampleValue.isAbsent($0) ? nil : $0 })
                }, uniquingKeysWith: { first, _ in first })
        case .scalar(let values): return ["scalar": values]
        case .string, .rangeVector: return [:]
        }
    }

    /// The labels of the series in their order.
    var order: [String] {
        if case .vector(let series) = value { return series.map(\.labels.text) }
        return []
    }
}

extension LabelSet {
    var text: String {
        pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }
}

func evaluate(
    _ expression: Expression, on grid: StepGrid, _ source: MemorySource,
    text: String = "", _ adjust: (inout EngineOptions) -> Void = { _ in }
) throws -> QueryResult {
    var options = EngineOptions()
    adjust(&options)
    return try Engine(options: options).evaluate(
        expression, on: grid, query: text, source: source)
}

func close(_ a: [Double?]?, _ b: [Double?]) -> Bool {
    guard let a, a.count == b.count else { return false }
    return zip(a, b).allSatisfy { x, y in
        guard let x, let y else { return x == nil && y == nil }
        if x.isNaN || y.isNaN { return x.isNaN && y.isNaN }
        return x == y || abs(x - y) <= 1e-12 * max(abs(x), abs(y))
    }
}
