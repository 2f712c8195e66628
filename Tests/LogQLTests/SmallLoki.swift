import Foundation
import LogQL
import PromQL
import RegularExpressions
import TimeSeries

/// Streams in memory, and what a Loki makes of LogQL over them: as little of it as the property of
/// the plan needs, written without the planner's evaluation.
struct SmallLoki {
    typealias Labels = [String: String]
    typealias Vector = [(labels: Labels, value: Double)]

    struct Line {
        /// Seconds.
        var time: Double
        var text: String
        /// What a parser finds in the text.
        var fields: Labels
    }

    struct Stream {
        var labels: Labels
        var lines: [Line]
    }

    struct Refused: Error { var reason: String }

    var streams: [Stream]

    /// The streams of several members as one Loki holds them: with a label that tells whose they are,
    /// for which an own label of that name makes room.
    static func union(_ members: [(name: String, loki: SmallLoki)], label: String) -> SmallLoki {
        SmallLoki(
            streams: members.flatMap { member in
                member.loki.streams.map { stream in
                    var labels = stream.labels
                    if let own = labels.removeValue(forKey: label) {
                        labels["exported_\(label)"] = own
                    }
                    labels[label] = member.name
                    return Stream(labels: labels, lines: stream.lines)
                }
            })
    }

    // MARK: - Lines

    struct Passed {
        var line: Line
        var labels: Labels
    }

    func passed(_ query: LogQuery) throws -> [Passed] {
        var out: [Passed] = []
        for stream in streams
        where query.matchers.allSatisfy({ $0.accepts(stream.labels[$0.name] ?? "") }) {
            for line in stream.lines {
                var labels = stream.labels
                if try query.stages.allSatisfy({ stage in
                    try passes(stage, line, &labels, base: stream.labels)
                }) {
                    out.append(Passed(line: line, labels: labels))
                }
            }
        }
        return out
    }

    private func passes(
        _ stage: PipelineStage, _ line: Line, _ labels: inout Labels, base: Labels
    ) throws -> Bool {
        switch stage {
        case .line(let filter):
            let found = filter.operands.contains { line.text.contains($0.text) }
            switch filter.op {
            case .contains: return found
            case .containsNot: return !found
            default: throw Refused(reason: "\(filter)")
            }
        case .json(let extractions) where extractions.isEmpty:
            for (name, value) in line.fields {
                labels[base[name] == nil ? name : "\(name)_extracted"] = value
            }
            return true
        case .label(let filter): return try passes(filter, labels)
        case .drop(let selections):
            for selection in selections where chooses(selection, labels) {
                labels[selection.name] = nil
            }
            return true
        case .keep(let selections):
            let kept = Set(selections.filter { chooses($0, labels) }.map(\.name))
            labels = labels.filter { kept.contains($0.key) }
            return true
        default: throw Refused(reason: "\(stage)")
        }
    }

    private func chooses(_ selection: LabelSelection, _ labels: Labels) -> Bool {
        switch selection {
        case .name: true
        case .matcher(let matcher): matcher.accepts(labels[matcher.name] ?? "")
        }
    }

    private func passes(_ filter: LabelFilter, _ labels: Labels) throws -> Bool {
        switch filter {
        case .matcher(let matcher): return matcher.accepts(labels[matcher.name] ?? "")
        case .and(let left, let right):
            return try passes(left, labels) && passes(right, labels)
        case .or(let left, let right):
            return try passes(left, labels) || passes(right, labels)
        case .comparison(let name, let comparison, let quantity):
            guard let value = labels[name].flatMap(Double.init),
                let other = Double(quantity.text)
            else { return false }
            switch comparison {
            case .equal: return value == other
            case .notEqual: return value != other
            case .less: return value < other
            case .lessOrEqual: return value <= other
            case .greater: return value > other
            case .greaterOrEqual: return value >= other
            }
        case .address: throw Refused(reason: "\(filter)")
        }
    }

    // MARK: - Numbers

    func value(_ expression: MetricExpression, at time: Double) throws -> Vector {
        switch expression {
        case .literal(let number), .vector(let number): return [([:], number.value)]
        case .range(let aggregation): return try value(aggregation, at: time)
        case .aggregation(let aggregation): return try value(aggregation, at: time)
        case .binary(let binary): return try value(binary, at: time)
        case .labelReplace(let node):
            let pattern = try RegularExpression(node.pattern)
            let all = try value(node.expression, at: time).map { one in
                guard
                    let text = pattern.expand(
                        one.labels[node.source] ?? "", template: node.replacement)
                else { return one }
                var labels = one.labels
                labels[node.target] = text.isEmpty ? nil : text
                return (labels, one.value)
            }
            guard Set(all.map(\.labels)).count == all.count else {
                throw Refused(reason: "equal labels")
            }
            return all
        }
    }

    private func value(_ node: RangeAggregation, at time: Double) throws -> Vector {
        let seconds = Double(node.window.count) / 1e9
        let end = time - Double(node.offset.count) / 1e9
        var groups: [Labels: [(time: Double, value: Double)]] = [:]
        for passed in try passed(node.query)
        where passed.line.time > end - seconds && passed.line.time <= end {
            var labels = passed.labels
            var value = Double(passed.line.text.utf8.count)
            if let unwrap = node.unwrap {
                guard let number = labels[unwrap.label].flatMap(Double.init) else { continue }
                guard try unwrap.filters.allSatisfy({ try passes($0, labels) }) else { continue }
                labels[unwrap.label] = nil
                value = number
            }
            groups[Self.key(labels, node.grouping, whole: true), default: []]
                .append((passed.line.time, value))
        }
        if node.op == .absent {
            guard groups.isEmpty else { return [] }
            var labels: Labels = [:]
            for matcher in node.query.matchers {
                let isFirst = labels[matcher.name] == nil
                labels[matcher.name] = matcher.op == .equal && isFirst ? matcher.value : nil
            }
            return [(labels, 1)]
        }
        return try Self.ordered(groups).map { labels, samples in
            let values = samples.sorted { $0.time < $1.time }.map(\.value)
            return (labels, try Self.reduced(values, node, seconds: seconds))
        }
    }

    private static func reduced(
        _ values: [Double], _ node: RangeAggregation, seconds: Double
    ) throws -> Double {
        let sum = values.reduce(0, +)
        switch node.op {
        case .count: return Double(values.count)
        case .rate: return (node.unwrap == nil ? Double(values.count) : sum) / seconds
        case .bytes, .sum: return sum
        case .bytesRate: return sum / seconds
        case .average: return sum / Double(values.count)
        case .minimum: return values.min() ?? .nan
        case .maximum: return values.max() ?? .nan
        case .first: return values.first ?? .nan
        case .last: return values.last ?? .nan
        case .standardVariance: return variance(values)
        case .standardDeviation: return variance(values).squareRoot()
        case .quantile:
            let sorted = values.sorted()
            return sorted[sorted.count / 2]
        case .rateCounter, .absent: throw Refused(reason: node.op.rawValue)
        }
    }

    private static func variance(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }

    /// In an order that is the same in each run, so that sums are.
    private static func ordered<Value>(
        _ groups: [Labels: Value]
    ) -> [(labels: Labels, value: Value)] {
        groups.map { (LabelSet($0.key), $0.key, $0.value) }.sorted { $0.0 < $1.0 }
            .map { ($0.1, $0.2) }
    }

    private static func key(_ labels: Labels, _ grouping: Grouping?, whole: Bool) -> Labels {
        guard let grouping else { return whole ? labels : [:] }
        return labels.filter { grouping.labels.contains($0.key) != grouping.isWithout }
    }

    private func value(_ node: VectorAggregation, at time: Double) throws -> Vector {
        let inner = try value(node.expression, at: time)
        let groups = Dictionary(grouping: inner) {
            Self.key($0.labels, node.grouping, whole: false)
        }
        switch node.op {
        case .sort, .sortDescending: return inner
        case .topk, .bottomk, .approximateTopk:
            return Self.ordered(groups).flatMap { group in
                group.value.sorted { a, b in
                    if a.value.isNaN || b.value.isNaN { return !a.value.isNaN }
                    return node.op == .bottomk ? a.value < b.value : a.value > b.value
                }.prefix(node.parameter ?? 0)
            }
        case .sum, .avg, .min, .max, .count, .stddev, .stdvar:
            return Self.ordered(groups).map { labels, group in
                let values = group.map(\.value)
                let numbers = values.filter { !$0.isNaN }
                let sum = values.reduce(0, +)
                switch node.op {
                case .avg: return (labels, sum / Double(values.count))
                case .min: return (labels, numbers.min() ?? .nan)
                case .max: return (labels, numbers.max() ?? .nan)
                case .count: return (labels, Double(values.count))
                case .stdvar: return (labels, Self.variance(values))
                case .stddev: return (labels, Self.variance(values).squareRoot())
                default: return (labels, sum)
                }
            }
        }
    }

    // MARK: - Operators

    private func value(_ node: BinaryOperation, at time: Double) throws -> Vector {
        let (left, right) = (try value(node.lhs, at: time), try value(node.rhs, at: time))
        if case .literal(let number) = node.rhs {
            return left.compactMap { one in
                result(node, one.value, number.value, one.value).map { (one.labels, $0) }
            }
        }
        if case .literal(let number) = node.lhs {
            return right.compactMap { one in
                result(node, number.value, one.value, one.value).map { (one.labels, $0) }
            }
        }
        func key(_ labels: Labels) -> Labels {
            labels.filter { node.matching.labels.contains($0.key) == node.matching.isOn }
        }
        let leftKeys = Set(left.map { key($0.labels) })
        let rightKeys = Set(right.map { key($0.labels) })
        switch node.op {
        case .and: return left.filter { rightKeys.contains(key($0.labels)) }
        case .unless: return left.filter { !rightKeys.contains(key($0.labels)) }
        case .or: return left + right.filter { !leftKeys.contains(key($0.labels)) }
        default: return try joined(node, left, right, key)
        }
    }

    private func joined(
        _ node: BinaryOperation, _ left: Vector, _ right: Vector, _ key: (Labels) -> Labels
    ) throws -> Vector {
        var isSwapped = false
        var include: [String]?
        switch node.matching.cardinality {
        case .oneToOne: break
        case .manyToOne(let labels): include = labels
        case .oneToMany(let labels): (include, isSwapped) = (labels, true)
        }
        var out: [Labels: Double?] = [:]
        for many in isSwapped ? right : left {
            let partners = (isSwapped ? left : right).filter { key($0.labels) == key(many.labels) }
            guard let partner = partners.first else { continue }
            guard partners.count == 1 else { throw Refused(reason: "many to many") }
            var labels = include == nil ? key(many.labels) : many.labels
            for name in include ?? [] { labels[name] = partner.labels[name] }
            guard out[labels] == nil else { throw Refused(reason: "many to one") }
            let (x, y) =
                isSwapped ? (partner.value, many.value) : (many.value, partner.value)
            out.updateValue(result(node, x, y, x), forKey: labels)
        }
        return Self.ordered(out).compactMap { labels, value in value.map { (labels, $0) } }
    }

    /// Nil where a comparison filters the element away.
    private func result(
        _ node: BinaryOperation, _ x: Double, _ y: Double, _ kept: Double
    ) -> Double? {
        func compared(_ holds: Bool) -> Double? {
            node.returnsBool ? (holds ? 1 : 0) : (holds ? kept : nil)
        }
        switch node.op {
        case .add: return x + y
        case .subtract: return x - y
        case .multiply: return x * y
        case .divide: return y == 0 ? .nan : x / y
        case .modulo: return y == 0 ? .nan : x.truncatingRemainder(dividingBy: y)
        case .power: return Foundation.pow(x, y)
        case .equal: return compared(x == y)
        case .notEqual: return compared(x != y)
        case .less: return compared(x < y)
        case .lessOrEqual: return compared(x <= y)
        case .greater: return compared(x > y)
        case .greaterOrEqual: return compared(x >= y)
        case .and, .or, .unless: return nil
        }
    }
}
