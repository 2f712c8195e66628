import GoText
public import PromQL
public import PromQLEngine
public import TimeSeries

/// The leaves of a plan as the local engine sees them, once every fetch has ended.
public struct PlanSource: SeriesSource {
    private let leaves: [RemoteNode]
    private let values: [LeafValue]
    /// Of every `info` in the plan.
    private let information: InformationSeries

    private enum LeafValue: Sendable {
        case steps([StepSeries])
        case samples([SampleSeries])
    }

    /// `fetched` is indexed as `plan.fetches`.
    ///
    /// - Throws: what a merge cannot do with the values it was given.
    public init(plan: Plan, fetched: [FetchedValue]) throws(EvaluationError) {
        leaves = plan.leaves
        let fetched = zip(plan.fetches, fetched).map { fetch, value in
            fetch.givesGauges ? Self.gauges(value) : value
        }
        var values: [LeafValue] = []
        var information = InformationSeries()
        for leaf in plan.leaves {
            switch leaf.combination {
            case .union(let ids):
                values.append(.steps(Self.union(ids.map { fetched[$0].steps })))
            case .average, .variance:
                let pooled = leaf.pooled(fetched)
                values.append(.steps(pooled?.series ?? []))
            case .samples(let ids):
                let all = ids.flatMap { Self.samples(fetched[$0]) }
                values.append(.samples(all.sorted { $0.labels < $1.labels }))
            case .information(let samples, let presence):
                information.add(
                    samples.flatMap { Self.samples(fetched[$0]) },
                    present: presence.flatMap { fetched[$0].steps }, on: leaf.grid)
                values.append(.samples([]))
            }
        }
        self.values = values
        self.information = information
    }

    private static func gauges(_ value: FetchedValue) -> FetchedValue {
        guard case .steps(var series) = value else { return value }
        for row in series.indices where !series[row].histograms.isEmpty {
            series[row].histograms = series[row].histograms.mapValues { histogram in
                var gauge = histogram
                gauge.counterResetHint = .gauge
                return gauge
            }
        }
        return .steps(series)
    }

    private static func samples(_ value: FetchedValue) -> [SampleSeries] {
        switch value {
        case .steps: []
        case .samples(let series): series
        }
    }

    private static func union(_ parts: [[StepSeries]]) -> [StepSeries] {
        parts.flatMap { $0 }.sorted { $0.labels < $1.labels }
    }

    /// The leaf whose values the selector names.
    public func supplied(for selector: VectorSelector) -> SuppliedValues? {
        guard let named = LeafSelector(selector.matchers), named.form != .samples else {
            return nil
        }
        return SuppliedValues(
            isStepInvariant: named.form == .invariantValues,
            cells: { cells(of: named.leaf, on: $0) }
        ) { grid in
            guard leaves.indices.contains(named.leaf), case .steps(let series) = values[named.leaf]
            else { throw EvaluationError.execution("unexpected error: no leaf \(named.leaf)") }
            return Self.cut(series, from: leaves[named.leaf].grid, to: grid)
        }
    }

    /// The places of a leaf's columns on a grid.
    private func cells(of leaf: Int, on grid: StepGrid) -> Int {
        guard leaves.indices.contains(leaf), case .steps(let series) = values[leaf] else {
            return 0
        }
        let histograms = series.reduce(0) { $0 + $1.histogramCells }
        let (count, overflows) = series.count.multipliedReportingOverflow(by: grid.count)
        return overflows ? .max : count + histograms
    }

    /// The leaf whose samples the matchers name. Values on a grid become samples at its steps, with a
    /// stale marker wherever there is none, so that no lookback reaches over a gap.
    public func series(
        matching matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws
        -> [SampleSeries]
    {
        guard let id = LeafSelector(matchers)?.leaf, leaves.indices.contains(id) else {
            return information.series { labels in
                matchers.allSatisfy {
                    SelectorRewriting.matcher($0, accepts: labels[$0.name] ?? "")
                }
            }
        }
        switch values[id] {
        case .samples(let series): return series
        case .steps(let series):
            let grid = leaves[id].grid
            let times = (0..<grid.count).map(grid.time(at:))
            return series.map { one in
                let values = one.values.indices.map { step in
                    SampleValue.isAbsent(one.values[step]) ? SampleValue.stale : one.values[step]
                }
                return SampleSeries(
                    labels: one.labels, times: times, values: values, histograms: one.histograms)
            }
        }
    }

    /// The steps of `wanted`, which are steps of `given` too or have no value.
    private static func cut(
        _ series: [StepSeries], from given: StepGrid, to wanted: StepGrid
    )
        -> [StepSeries]
    {
        if given == wanted { return series }
        let steps = (0..<wanted.count).map { index -> Int? in
            let distance = wanted.time(at: index) - given.start
            guard distance >= 0 else { return nil }
            if given.step == 0 { return distance == 0 ? 0 : nil }
            let step = Int(distance / given.step)
            return distance % given.step == 0 && step < given.count ? step : nil
        }
        return series.map { one in
            var histograms: [Int: FloatHistogram] = [:]
            var values: [Double] = []
            values.reserveCapacity(steps.count)
            for (index, step) in steps.enumerated() {
                values.append(step.map { one.values[$0] } ?? SampleValue.absent)
                if let step, let histogram = one.histograms[step] { histograms[index] = histogram }
            }
            return StepSeries(labels: one.labels, values: values, histograms: histograms)
        }
    }
}

extension Plan {
    /// The answer, once every fetch has ended: the local engine over the leaves, or the plain
    /// union in label order.
    ///
    /// `fetched` is indexed as `fetches`; `text` is the query, for positions in annotations.
    public func evaluate(
        fetched: [FetchedValue], options: EngineOptions, text: String,
        memory: (any EvaluationMemory)? = nil
    ) throws(EvaluationError) -> QueryResult {
        let source = try PlanSource(plan: self, fetched: fetched)
        switch root {
        case .local(let expression):
            return try Engine(options: options)
                .evaluate(expression, on: grid, query: text, source: source, memory: memory)
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
