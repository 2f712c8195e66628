import PromQL
import PromQLEngine
import TimeSeries

/// Partial aggregates of the members, one series a member and group, to be pooled by group.
struct PartialColumns {
    var count: [StepSeries]
    var mean: [StepSeries]
    var variance: [StepSeries]

    private struct Group {
        /// Members' rows: where the count, the mean and the variance of one member stand.
        var rows: [(count: Int, mean: Int, variance: Int?)] = []
    }

    /// What comes of pooling.
    struct Pooled {
        /// In label order.
        var series: [StepSeries] = []
        /// Whether some value could not be had from the partial aggregates, because it lies where
        /// doubles end: it then has no meaning, and only the inner series tell.
        var needsInnerSeries = false
    }

    /// Below this, the partial results of a member may have lost all their digits: the smallest
    /// normal number is 2.2e-308, and digits are needed beside the leading one.
    private static let small = 1e-290
    /// Squares of larger deviations may not be finite, in the union or here.
    private static let largestDeviation = 1e150
    private static let largestVariance = 1e300
    /// From here on, means are added as fractions of themselves, so that no sum overflows.
    private static let large = 0x1p960
    private static let fraction = 0x1p-100

    /// Weighted means. The error is that of adding the members' sums: at most a few units in the
    /// last place where they do not cancel.
    ///
    /// - Parameter aggregated: labels that the rows of a group differ in.
    func averages(on grid: StepGrid, without aggregated: [String]) -> Pooled {
        pooled(on: grid, without: aggregated) { partials in
            if partials.count == 1 { return partials[0].mean }
            var (lowest, highest, total) = (partials[0].mean, partials[0].mean, 0.0)
            for partial in partials {
                if partial.mean.isNaN { return .nan }
                lowest = min(lowest, partial.mean)
                highest = max(highest, partial.mean)
                total += partial.count
            }
            if lowest.isInfinite || highest.isInfinite { return lowest + highest }
            let largest = max(lowest.magnitude, highest.magnitude)
            if largest > 0, largest < Self.small { return nil }
            let scale = largest > Self.large ? Self.fraction : 1
            var sum = partials[0].mean * scale * partials[0].count
            for partial in partials.dropFirst() { sum += partial.mean * scale * partial.count }
            // A mean of all lies between those of the parts, whatever rounding says.
            return min(max(sum / total / scale, lowest), highest)
        }
    }

    /// Pooled variances (Chan, Golub, LeVeque 1983), or their roots. For N values of mean μ and
    /// deviation σ the error is at most 16·N·ε·σ·√(σ² + μ²) + (16·N·ε·μ)², where ε is 2⁻⁵³: it is
    /// that of the union's own one pass over the values.
    func variances(
        on grid: StepGrid, without aggregated: [String], asDeviation: Bool
    ) -> Pooled {
        pooled(on: grid, without: aggregated) { partials in
            var variance: Double? = partials[0].variance
            if partials.count > 1 { variance = Self.variance(of: partials) }
            return asDeviation ? variance?.squareRoot() : variance
        }
    }

    private static func variance(of partials: [Partial]) -> Double? {
        // Deviations from an infinite mean are no numbers.
        if partials.contains(where: { !$0.mean.isFinite }) { return .nan }
        let isOutOfReach = partials.contains {
            $0.mean.magnitude > largestDeviation || !($0.variance <= largestVariance)
        }
        if isOutOfReach { return nil }
        var count = 0.0
        var mean = 0.0
        var squares = 0.0
        var isConstant = true
        for partial in partials {
            let delta = partial.mean - mean
            if partial.variance != 0 || (count > 0 && delta != 0) { isConstant = false }
            let total = count + partial.count
            squares +=
                partial.variance * partial.count + delta * delta * (count * partial.count / total)
            // The first mean as it is: a product with one may not be exact where doubles end.
            mean = count == 0 ? partial.mean : mean + delta * (partial.count / total)
            count = total
        }
        let variance = squares / count
        return isConstant ? 0 : variance < small ? nil : variance
    }

    private typealias Partial = (count: Double, mean: Double, variance: Double)

    private func pooled(
        on grid: StepGrid, without aggregated: [String], _ pool: ([Partial]) -> Double?
    ) -> Pooled {
        let names = LabelNames(aggregated)
        var means: [LabelSet: Int] = [:]
        for (row, series) in mean.enumerated() { means[series.labels] = row }
        var variances: [LabelSet: Int] = [:]
        for (row, series) in variance.enumerated() { variances[series.labels] = row }
        var groups: [LabelSet: Group] = [:]
        for (row, series) in count.enumerated() {
            guard let meanRow = means[series.labels] else { continue }
            groups[series.labels.removing(names), default: Group()].rows.append(
                (row, meanRow, variances[series.labels]))
        }
        var result = Pooled()
        var partials: [Partial] = []
        for labels in groups.keys.sorted() {
            let rows = groups[labels]?.rows ?? []
            let values = (0..<grid.count).map { step -> Double in
                partials.removeAll(keepingCapacity: true)
                for row in rows {
                    let count = self.count[row.count].values[step]
                    let mean = self.mean[row.mean].values[step]
                    let variance = row.variance.map { self.variance[$0].values[step] } ?? 0
                    if SampleValue.isAbsent(count) || SampleValue.isAbsent(mean)
                        || SampleValue.isAbsent(variance)
                    {
                        continue
                    }
                    partials.append((count, mean, variance))
                }
                if partials.isEmpty { return SampleValue.absent }
                if let value = pool(partials) { return value }
                result.needsInnerSeries = true
                return .nan
            }
            result.series.append(StepSeries(labels: labels, values: values))
        }
        return result
    }
}

extension Expression {
    /// Whether all native histograms in the value are gauges for certain, that is without looking
    /// at the data: differences are, and what is made of them.
    func givesGaugeHistograms(in language: LanguageVersion) -> Bool {
        let marksDifferences = language.marksDifferencesAsGauges
        return switch self {
        case .number, .string, .vectorSelector, .matrixSelector: false
        case .paren(let paren): paren.expression.givesGaugeHistograms(in: language)
        case .unary(let unary):
            (unary.op == .minus && marksDifferences)
                || unary.operand.givesGaugeHistograms(in: language)
        case .subquery(let subquery): subquery.expression.givesGaugeHistograms(in: language)
        case .aggregation(let aggregation):
            aggregation.expression.givesGaugeHistograms(in: language)
        case .binary(let binary):
            switch binary.op {
            case .subtract:
                marksDifferences || binary.lhs.givesGaugeHistograms(in: language)
            case .add:
                // A gauge makes the sum one.
                binary.lhs.givesGaugeHistograms(in: language)
                    || binary.rhs.givesGaugeHistograms(in: language)
            case .or:
                binary.lhs.givesGaugeHistograms(in: language)
                    && binary.rhs.givesGaugeHistograms(in: language)
            case .and, .unless: binary.lhs.givesGaugeHistograms(in: language)
            case .multiply, .divide:
                // One side holds the histograms; the other is numbers.
                binary.lhs.givesGaugeHistograms(in: language)
                    || binary.rhs.givesGaugeHistograms(in: language)
            default: false
            }
        case .call(let call):
            switch call.function {
            case .rate, .increase, .delta, .irate, .idelta: true
            case .labelReplace, .labelJoin, .sumOverTime, .avgOverTime, .lastOverTime,
                .firstOverTime:
                call.arguments.first?.givesGaugeHistograms(in: language) ?? false
            default: false
            }
        }
    }
}
