import Glibc

/// `sum by (a) (…)` and its like.
struct VectorAggregator {
    private let aggregation: VectorAggregation

    init(_ aggregation: VectorAggregation) { self.aggregation = aggregation }

    func samples(of steps: [[LogSample]]) -> [[LogSample]] { steps.map(samples(of:)) }

    private func samples(of samples: [LogSample]) -> [LogSample] {
        let ordered = samples.sorted(byLabels: \.labels)
        switch aggregation.operation {
        case "sort": return ordered.stablySorted { $0.value < $1.value }
        case "sort_desc": return ordered.reversed().stablySorted { $0.value > $1.value }
        default: break
        }
        var places: [[String: String]: Int] = [:]
        var groups: [(key: [String: String], samples: [LogSample])] = []
        for sample in ordered {
            let key = aggregation.grouping?.key(sample.labels) ?? [:]
            let place = places[key] ?? groups.count
            if place == groups.count {
                places[key] = place
                groups.append((key, []))
            }
            groups[place].samples.append(sample)
        }
        return groups.flatMap { group in
            switch aggregation.operation {
            case "topk", "bottomk":
                let isTop = aggregation.operation == "topk"
                let ranked = group.samples.stablySorted {
                    isTop ? $0.value > $1.value : $0.value < $1.value
                }
                return Array(ranked.prefix(Int(aggregation.parameter ?? 0)))
            default:
                let value = Self.value(aggregation.operation, group.samples.map(\.value))
                return [LogSample(labels: group.key, value: value)]
            }
        }
    }

    private static func value(_ operation: String, _ values: [Double]) -> Double {
        switch operation {
        case "sum": values.reduce(0, +)
        case "avg": values.reduce(0, +) / Double(values.count)
        case "min": values.reduce(values[0]) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case "max": values.reduce(values[0]) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case "count": Double(values.count)
        case "stdvar": Spread.variance(values)
        case "stddev": Spread.variance(values).squareRoot()
        default: .nan
        }
    }
}

extension Sequence {
    /// Sorted so that equal elements keep their order.
    func stablySorted(by areInOrder: (Element, Element) -> Bool) -> [Element] {
        enumerated().sorted { a, b in
            if areInOrder(a.element, b.element) { return true }
            if areInOrder(b.element, a.element) { return false }
            return a.offset < b.offset
        }.map(\.element)
    }
}

/// An operator between two values.
struct VectorOperator {
    private let operation: BinaryOperation

    init(_ operation: BinaryOperation) { self.operation = operation }

    func value(
        _ left: LogValue, _ right: LogValue, steps: Int
    ) throws(MetricEvaluator.Failure) -> LogValue {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            if operation.operation == "/" || operation.operation == "%", b == 0 {
                throw .unanswered
            }
            return .scalar(result(a, b) ?? 0)
        case (.samples(let samples), .scalar(let b)) where !isSetOperator:
            return .samples(
                samples.map { $0.compactMap { combined($0, $0.value, b, kept: $0.value) } })
        case (.scalar(let a), .samples(let samples)) where !isSetOperator:
            return .samples(
                samples.map { $0.compactMap { combined($0, a, $0.value, kept: $0.value) } })
        default:
            let pairs = zip(left.samples(steps: steps), right.samples(steps: steps))
            var steps: [[LogSample]] = []
            for (left, right) in pairs { steps.append(try samples(left, right)) }
            return .samples(steps)
        }
    }

    private var isSetOperator: Bool { ["and", "or", "unless"].contains(operation.operation) }

    /// The value of an operator; nil where a comparison does not hold.
    private func result(_ a: Double, _ b: Double, kept: Double? = nil) -> Double? {
        switch operation.operation {
        case "+": return a + b
        case "-": return a - b
        case "*": return a * b
        // Unlike Prometheus.
        case "/": return b == 0 ? .nan : a / b
        case "%": return b == 0 ? .nan : a.truncatingRemainder(dividingBy: b)
        case "^": return power(a, b)
        default:
            let holds = Comparison(rawValue: operation.operation)?.holds(a, b) ?? false
            if operation.returnsBool || kept == nil { return holds ? 1 : 0 }
            return holds ? kept : nil
        }
    }

    private func power(_ base: Double, _ exponent: Double) -> Double {
        guard exponent == exponent.rounded(), abs(exponent) < 1000 else {
            return pow(base, exponent)
        }
        var result = 1.0
        for _ in 0..<Int(abs(exponent)) { result *= base }
        return exponent < 0 ? 1 / result : result
    }

    private func combined(
        _ sample: LogSample, _ a: Double, _ b: Double, kept: Double
    ) -> LogSample? {
        result(a, b, kept: kept).map { LogSample(labels: sample.labels, value: $0) }
    }

    // MARK: Two vectors

    private func key(_ labels: [String: String]) -> [String: String] {
        guard let matching = operation.matching else { return labels }
        return labels.filter { matching.names.contains($0.key) == matching.isOn }
    }

    private func samples(
        _ left: [LogSample], _ right: [LogSample]
    ) throws(MetricEvaluator.Failure) -> [LogSample] {
        let leftKeys = Set(left.map { key($0.labels) })
        let rightKeys = Set(right.map { key($0.labels) })
        switch operation.operation {
        case "and": return left.filter { rightKeys.contains(key($0.labels)) }
        case "unless": return left.filter { !rightKeys.contains(key($0.labels)) }
        case "or": return left + right.filter { !leftKeys.contains(key($0.labels)) }
        default: break
        }
        let isRightMany = operation.many == .right
        let (many, one) = isRightMany ? (right, left) : (left, right)
        var partners: [[String: String]: LogSample] = [:]
        for sample in one where partners.updateValue(sample, forKey: key(sample.labels)) != nil {
            throw .query(
                LogQLError(
                    text: "multiple matches for labels: many-to-one matching must be explicit "
                        + "(group_left/group_right)"))
        }
        var samples: [LogSample] = []
        for sample in many {
            guard let partner = partners[key(sample.labels)] else { continue }
            let (a, b) = isRightMany ? (partner, sample) : (sample, partner)
            guard let value = result(a.value, b.value, kept: a.value) else { continue }
            samples.append(LogSample(labels: labels(sample, partner), value: value))
        }
        return samples
    }

    private func labels(_ many: LogSample, _ one: LogSample) -> [String: String] {
        if operation.many == .none { return key(many.labels) }
        var labels = many.labels
        for name in operation.included { labels[name] = one.labels[name] }
        return labels
    }
}
