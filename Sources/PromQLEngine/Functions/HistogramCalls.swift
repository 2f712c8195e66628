internal import PromQL
public import TimeSeries

// Where the engine meets native histograms beyond single samples.

extension Evaluator {
    /// An aggregation over a group in which some series have histograms.
    mutating func mixedReduction(
        _ input: [StepSeries], _ members: [Int], _ aggregation: Aggregation,
        _ reduction: GroupReduction, into output: inout StepSeries
    ) throws(EvaluationError) {
        let columns = members.map { input[$0].values }
        var work = WorkCounter(budget)
        let position = position(aggregation.expression.sourceRange)
        switch aggregation.op {
        case .count, .group:
            // Only presence matters: histograms stand as ones.
            try reduction.reduce(columns, into: &output.values)
            for member in members {
                for step in input[member].histograms.keys {
                    try work.add()
                    let known = output.values[step]
                    let counts = aggregation.op == .count && !SampleValue.isAbsent(known)
                    output.values[step] = counts ? known + 1 : 1
                }
            }
        case .min, .max, .stddev, .stdvar, .quantile:
            state.annotations.add(
                .ignoredHistogram(aggregation: aggregation.op.rawValue), at: position)
            try reduction.reduce(columns, into: &output.values)
        case .sum, .avg:
            try reduction.reduce(columns, into: &output.values)
            for step in 0..<grid.count {
                try work.add(members.count)
                let present = members.filter { input[$0].histograms[step] != nil }
                if present.isEmpty { continue }
                if !SampleValue.isAbsent(output.values[step]) {
                    output.values[step] = SampleValue.absent
                    state.annotations.add(.mixedFloatsAndHistogramsInAggregation, at: position)
                    continue
                }
                try work.add(present.count * 64)
                let sum = accumulated(
                    present.lazy.map { ($0, input[$0].histograms[step]) }, input,
                    goal: aggregation.op == .sum ? .sum : .mean, position)
                try budget.reserve(sum?.cells ?? 0)
                output.histograms[step] = sum
            }
        case .topk, .bottomk, .limitk, .limitRatio, .countValues:
            break
        }
    }

    private mutating func accumulated(
        _ histograms: some Sequence<(Int, FloatHistogram?)>, _ input: [StepSeries],
        goal: HistogramAccumulator.Goal, _ position: String
    ) -> FloatHistogram? {
        var accumulator: HistogramAccumulator?
        var isCompatible = true
        for (member, histogram) in histograms {
            guard let histogram else { continue }
            guard var running = accumulator else {
                accumulator = HistogramAccumulator(
                    histogram, goal: goal, reconciling: options.language.reconcilesCustomBounds)
                continue
            }
            do throws(FloatHistogram.LayoutError) {
                try running.add(histogram)
                accumulator = running
            } catch {
                state.annotations.add(error, input[member].labels, at: position)
                isCompatible = false
                break
            }
        }
        guard let accumulator, isCompatible else { return nil }
        if accumulator.hintsCollide, options.language.judgesConflictingResets {
            state.annotations.add(.conflictingResets(.aggregation), at: position)
        }
        if accumulator.boundsReconciled {
            state.annotations.add(.reconciledBounds(.aggregation), at: position)
        }
        return accumulator.result.compacted()
    }

    /// `sum_over_time` and `avg_over_time`.
    func summing(
        _ floats: @escaping OverTime.Reduction, goal: HistogramAccumulator.Goal,
        position: String
    ) -> RangeFunction {
        var function = OverTime.reducing(floats, within: budget)
        let budget = budget
        let language = options.language
        function.histograms = .taken { series in
            { window, annotations throws(EvaluationError) in
                var work = WorkCounter(budget)
                if !window.floats.isEmpty, !window.histograms.isEmpty {
                    annotations.add(
                        .mixedFloatsAndHistograms(metricName: series.labels.metricName),
                        at: position)
                    return .none
                }
                if window.histograms.isEmpty {
                    return .float(try floats(series.floats[window.floats], budget))
                }
                var accumulator = HistogramAccumulator(
                    series.histograms[window.histograms.lowerBound], goal: goal,
                    reconciling: language.reconcilesCustomBounds)
                for i in window.histograms.dropFirst() {
                    try work.add(64)
                    do throws(FloatHistogram.LayoutError) {
                        try accumulator.add(series.histograms[i])
                    } catch {
                        annotations.add(error, series.labels, at: position)
                        return .none
                    }
                }
                if accumulator.hintsCollide, language.judgesConflictingResets {
                    annotations.add(.conflictingResets(.aggregation), at: position)
                }
                if accumulator.boundsReconciled {
                    annotations.add(.reconciledBounds(.aggregation), at: position)
                }
                return .histogram(accumulator.result.compacted())
            }
        }
        return function
    }
}

extension Annotations {
    /// Histograms that cannot be brought to one layout, or not without knowing more of them.
    mutating func add(
        _ error: FloatHistogram.LayoutError, _ labels: LabelSet, at position: String
    ) {
        switch error {
        case .incompatible: add(.mixedBucketSchemas(metricName: labels.metricName), at: position)
        case .differentBounds:
            add(.incompatibleCustomBuckets(metricName: labels.metricName), at: position)
        case .unknownBounds: refuseUnknownBounds(at: position)
        }
    }

    mutating func refuseUnknownBounds(at position: String) {
        refuse(
            "native histograms with different custom buckets meet at \(position), and bounds of "
                + "empty buckets, which no answer of a member shows, would decide the result")
    }
}

extension FloatHistogram {
    /// What `histogram_quantile` says of this histogram.
    public func estimatedQuantile(_ quantile: Double) -> Double {
        NativeQuantile(self).quantile(quantile).value
    }

    /// What `histogram_stddev` says of this histogram.
    public var estimatedDeviation: Double { variance.squareRoot() }
}
