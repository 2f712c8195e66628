internal import GoText
internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// Evaluates one of the `histogram_*` functions.
    mutating func histogramFunction(_ call: Call) throws(EvaluationError) -> [StepSeries] {
        let arguments = call.arguments
        switch call.function {
        case .histogramCount: return try ofNatives(vector(arguments[0])) { $0.count }
        case .histogramSum: return try ofNatives(vector(arguments[0])) { $0.sum }
        case .histogramAvg: return try ofNatives(vector(arguments[0])) { $0.sum / $0.count }
        case .histogramStdvar: return try ofNatives(vector(arguments[0])) { $0.variance }
        case .histogramStddev:
            return try ofNatives(vector(arguments[0])) { $0.variance.squareRoot() }
        case .histogramFraction: return try histogramFraction(arguments)
        case .histogramQuantile:
            return try histogramQuantiles(
                of: arguments[1], parameters: [arguments[0]], label: nil)
        case .histogramQuantiles:
            return try histogramQuantiles(
                of: arguments[0], parameters: Array(arguments[2...]),
                label: try string(arguments[1]))
        default:
            throw .execution("unexpected error: \(call.function.rawValue) takes no histograms")
        }
    }

    /// One number of each native histogram; floats are left out.
    private mutating func ofNatives(
        _ input: [StepSeries], _ number: (FloatHistogram) -> Double
    ) throws(EvaluationError) -> [StepSeries] {
        var result: [StepSeries] = []
        var work = WorkCounter(budget)
        for one in input where !one.histograms.isEmpty {
            try budget.reserve(grid.count)
            var output = StepSeries(labels: one.labels, absentFor: grid.count)
            for (step, histogram) in one.histograms {
                try work.add(16)
                output.values[step] = number(histogram)
            }
            if options.delayedNameRemoval {
                output.dropsName = true
            } else {
                output.labels = one.labels.removing(ReservedLabels.name)
            }
            result.append(output)
        }
        return options.delayedNameRemoval ? result : try merged(result)
    }

    private mutating func histogramFraction(
        _ arguments: [Expression]
    ) throws(EvaluationError) -> [StepSeries] {
        let lower = try scalar(arguments[0])
        let upper = try scalar(arguments[1])
        let input = try vector(arguments[2])
        let position = position(arguments[2].sourceRange)
        let (name, inputName) = (metricName, inputMetricName)
        var groups = try HistogramGroups(
            input, position: position, annotations: &state.annotations, metricName: inputName,
            within: budget)
        let labels = groups.labels
        var results = HistogramResults(stepCount: grid.count, budget: budget)
        var work = WorkCounter(budget)
        for step in 0..<grid.count {
            try work.add(input.count)
            try groups.forEachHistogram(
                at: step, annotations: &state.annotations, metricName: inputName
            ) { place, histogram, annotations throws(EvaluationError) in
                let value: Double
                switch histogram {
                case .classic(let buckets, _):
                    value = buckets.fraction(from: lower[step], to: upper[step])
                case .native(let native):
                    let fraction = NativeQuantile(native).fraction(
                        from: lower[step], to: upper[step])
                    value = fraction.value
                    if fraction.excludesNaN {
                        annotations.add(
                            .fractionExcludesNaN(metricName: name(labels[place])), at: position)
                    }
                }
                try results.add(value, place: place, at: step)
            }
        }
        return try droppingNames(merged(results.series { place, _ in labels[place] }))
    }

    /// `histogram_quantile`, and with a label that names the quantile `histogram_quantiles`.
    private mutating func histogramQuantiles(
        of argument: Expression, parameters: [Expression], label: String?
    ) throws(EvaluationError) -> [StepSeries] {
        var quantiles: [[Double]] = []
        for parameter in parameters {
            let values = try scalar(parameter)
            for value in values where Quantile.isOutside(value) {
                state.annotations.add(
                    .quantileOutOfRange(value), at: position(parameter.sourceRange))
            }
            quantiles.append(values)
        }
        let input = try vector(argument)
        let position = position(argument.sourceRange)
        let (name, inputName) = (metricName, inputMetricName)
        var groups = try HistogramGroups(
            input, position: position, annotations: &state.annotations, metricName: inputName,
            within: budget)
        let labels = groups.labels
        var results = HistogramResults(stepCount: grid.count, budget: budget)
        var work = WorkCounter(budget)
        for step in 0..<grid.count {
            try work.add(input.count * (1 + quantiles.count))
            let time = grid.time(at: step)
            // A parameter may change from step to step, and its text with it.
            let texts = quantiles.map { label == nil ? "" : Self.openMetrics($0[step]) }
            try groups.forEachHistogram(
                at: step, annotations: &state.annotations, metricName: inputName
            ) { place, histogram, annotations throws(EvaluationError) in
                let isNew = if case .classic(_, isNew: true) = histogram { true } else { false }
                let name = (isNew ? inputName : name)(labels[place])
                for (quantile, text) in zip(quantiles, texts) {
                    let value = Self.quantile(
                        quantile[step], of: histogram, metricName: name, time: time,
                        position: position, &annotations)
                    try results.add(value, place: place, text: text, at: step)
                }
            }
        }
        let series = try results.series { place, text in
            label.map { labels[place].setting($0, to: text) } ?? labels[place]
        }
        return try droppingNames(merged(series))
    }

    private static func quantile(
        _ quantile: Double, of histogram: HistogramGroups.Histogram, metricName: String,
        time: Timestamp, position: String, _ annotations: inout Annotations
    ) -> Double {
        switch histogram {
        case .classic(let buckets, _):
            let (value, raised) = buckets.quantile(quantile)
            if let raised {
                annotations.addRaisedBuckets(
                    Annotation.RaisedBuckets(
                        metricName: metricName, position: position,
                        leastBound: raised.leastBound, greatestBound: raised.greatestBound,
                        largestDifference: raised.largestDifference, firstStep: time,
                        lastStep: time, cases: 1))
            }
            return value
        case .native(let native):
            let (value, effect) = NativeQuantile(native).quantile(quantile)
            switch effect {
            case nil: break
            case .resultIsNaN:
                annotations.add(.quantileIsNaN(metricName: metricName), at: position)
            case .resultIsSkewed:
                annotations.add(.quantileIsSkewed(metricName: metricName), at: position)
            }
            return value
        }
    }

    /// The metric's name in annotations of results, which only delayed removal of names keeps that
    /// long.
    private var metricName: (LabelSet) -> String {
        metricName(isNamed: options.delayedNameRemoval)
    }

    /// The metric's name in annotations of elements that are given.
    private var inputMetricName: (LabelSet) -> String {
        metricName(isNamed: options.delayedNameRemoval || !options.language.omitsDroppedNames)
    }

    private func metricName(isNamed: Bool) -> (LabelSet) -> String {
        { isNamed ? $0.metricName : "" }
    }

    /// A number as label values have it: whole ones with a fraction of zero.
    private static func openMetrics(_ value: Double) -> String {
        let text = GoFloat.general(value)
        let isPlain = !text.contains { $0 == "." || $0 == "e" }
        return isPlain && value.isFinite ? text + ".0" : text
    }
}

extension FloatHistogram {
    /// The population variance, every observation taken to lie in the middle of its bucket.
    var variance: Double {
        let mean = sum / count
        var squares = KahanSum()
        for bucket in allBuckets where bucket.count != 0 {
            let middle: Double
            if usesCustomBuckets {
                middle = (bucket.upper + bucket.lower) / 2
            } else if bucket.lower <= 0, bucket.upper >= 0 {
                middle = 0
            } else {
                let geometric = (bucket.upper * bucket.lower).squareRoot()
                middle = bucket.upper < 0 ? -geometric : geometric
            }
            let distance = middle - mean
            squares.add(bucket.count * distance * distance)
        }
        return squares.total / count
    }
}

/// Collects one number of every histogram at every step, by the histogram's place among all and,
/// where several numbers are taken of each, a text that tells them apart.
struct HistogramResults {
    private struct Key: Hashable {
        var place: Int
        var text: String
    }

    private let stepCount: Int
    private let budget: EvaluationBudget
    private var keys: [Key] = []
    private var indices: [Key: Int] = [:]
    private var columns: [[Double]] = []

    init(stepCount: Int, budget: EvaluationBudget) {
        self.stepCount = stepCount
        self.budget = budget
    }

    mutating func add(
        _ value: Double, place: Int, text: String = "", at step: Int
    ) throws(EvaluationError) {
        let key = Key(place: place, text: text)
        let index = indices[key] ?? columns.count
        if index == columns.count {
            try budget.reserve(stepCount)
            keys.append(key)
            indices[key] = index
            columns.append([Double](repeating: SampleValue.absent, count: stepCount))
        }
        columns[index][step] = value
    }

    /// In label order; labels may occur more than once.
    func series(
        labels: (Int, String) -> LabelSet
    ) throws(EvaluationError) -> [StepSeries] {
        var series = zip(keys, columns)
            .map { StepSeries(labels: labels($0.place, $0.text), values: $1) }
        try series.sort(within: budget, effort: 16) { $0.labels < $1.labels }
        return series
    }
}
