import Federation
import PromQL
import PromQLEngine
import TimeSeries

/// What running a plan cost.
struct QueryAnalysis: Sendable {
    /// By fetch.
    var fetches: [FetchAnalysis]
    /// The merge and evaluation here, all in all; nil when it failed.
    private(set) var total: EvaluationTrace.Cost?
    /// By part of the local expression.
    private(set) var trace: EvaluationTrace?
    /// Why the answers could not be evaluated.
    var failure: String?

    init(fetches: [FetchAnalysis]) { self.fetches = fetches }

    mutating func take(_ result: QueryResult, milliseconds: Double) {
        trace = result.trace
        switch result.value {
        case .scalar(let values):
            total = .init(milliseconds: milliseconds, series: 0, samples: values.count)
        case .string: total = .init(milliseconds: milliseconds, series: 0, samples: 0)
        case .vector(let series):
            total = .init(
                milliseconds: milliseconds, series: series.count,
                samples: FetchAnalysis.count(of: series))
        case .rangeVector(let series):
            total = .init(
                milliseconds: milliseconds, series: series.count,
                samples: series.reduce(0) { $0 + $1.times.count })
        }
    }

    /// What a node of the plan that is done here cost; nil where it is not done by itself.
    func cost(of node: ExplainNode, isRoot: Bool) -> EvaluationTrace.Cost? {
        node.part.flatMap { trace?.cost(of: $0) } ?? (isRoot ? total : nil)
    }
}

/// What one request to a member cost.
struct FetchAnalysis: Sendable {
    var milliseconds: Double
    /// Of the series, as JSON and inflated.
    var bytes = 0
    var series = 0
    var samples = 0
    /// The cause, when the member did not answer.
    var failure: String?

    init(_ ended: FetchRound.Ended) {
        milliseconds = ended.milliseconds
        switch ended.outcome {
        case .failure(let failure): self.failure = failure.text
        case .success(let fetched):
            bytes = fetched.bytes
            switch fetched.value {
            case .samples(let all):
                series = all.count
                samples = all.reduce(0) { $0 + $1.times.count }
            case .steps(let all):
                series = all.count
                samples = Self.count(of: all)
            }
        }
    }

    /// Values present, a native histogram being one.
    static func count(of series: [StepSeries]) -> Int {
        series.reduce(0) { sum, one in
            sum + one.histograms.count
                + one.values.reduce(0) { $0 + (SampleValue.isAbsent($1) ? 0 : 1) }
        }
    }
}
