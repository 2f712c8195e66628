import PromQL
public import PromQLEngine
public import TimeSeries

extension Plan {
    /// The answer, once every fetch has ended: the local engine over the leaves, or the plain
    /// union in label order.
    ///
    /// `fetched` is indexed as `fetches`; `text` is the query, for positions in annotations.
    public func evaluate(
        fetched: [FetchedValue], partition: PartitionLabel, options: EngineOptions, text: String
    ) throws(EvaluationError) -> QueryResult {
        let source = try PlanSource(plan: self, fetched: fetched, partition: partition)
        switch root {
        case .local(let expression):
            return try Engine(options: options)
                .evaluate(expression, on: grid, query: text, source: source)
        case .union(let id):
            var steps: [StepSeries] = []
            var samples: [SampleSeries] = []
            for fetch in leaves[id].fetches {
                switch fetched[fetch] {
                case .steps(let series): steps += series
                case .samples(let series): samples += series
                }
            }
            let value: QueryResult.Value =
                rootType == .rangeVector
                ? .rangeVector(samples.sorted { $0.labels < $1.labels })
                : .vector(steps.sorted { $0.labels < $1.labels })
            return QueryResult(value: value, grid: grid, annotations: Annotations())
        }
    }
}
