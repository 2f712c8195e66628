import GoText
import PrometheusWire
import TimeSeries

/// Makes one series of those of members that have equal labels.
struct TraceMetricsMerge {
    private let function: TraceQLMetrics.Function
    private var places: [ByteString: Int] = [:]
    private var all: [TraceSeries] = []
    /// Points of a series of zeros at most.
    private static let mostZeros = 11_000

    init(_ function: TraceQLMetrics.Function) { self.function = function }

    /// Adds a member's series.
    mutating func add(
        _ series: TraceSeries, of member: MemberMetrics, _ labels: LabelInjection
    ) {
        var series = series
        series.labels = Self.labels(series.labels, of: member)
        for index in series.exemplars.indices {
            series.exemplars[index].labels = Self.labels(series.exemplars[index].labels, labels)
        }
        let identity = series.identity
        guard let place = places[identity] else {
            places[identity] = all.count
            all.append(series)
            return
        }
        join(series, into: &all[place])
    }

    /// The labels that users see, in the query's order, before those that the function adds.
    private static func labels(
        _ labels: [TraceSeries.Label], of member: MemberMetrics
    ) -> [TraceSeries.Label] {
        if member.labels.isEmpty { return labels }
        var rest = labels
        if member.isUngrouped { rest.removeAll { $0.key == "__name__" } }
        var ordered: [TraceSeries.Label] = []
        for label in member.labels {
            switch label {
            case .injected(let visible, let value):
                ordered.append(
                    TraceSeries.Label(
                        key: visible, value: .object([("stringValue", .string(value))])))
            case .own(let key, let visible):
                guard let index = rest.firstIndex(where: { $0.key == key }) else { continue }
                var label = rest.remove(at: index)
                label.key = visible
                ordered.append(label)
            }
        }
        return ordered + rest
    }

    /// The attributes of an exemplar's span with the names that users see, and the member's.
    private static func labels(_ own: [JSONValue], _ labels: LabelInjection) -> [JSONValue] {
        let scope = TraceQLAttribute.Scope.resource.rawValue
        let visible = own.map { attribute in
            attribute.changing("key") { key in
                guard let text = key.text, text.hasPrefix(scope) else { return key }
                return .string(scope + labels.visibleName(of: String(text.dropFirst(scope.count))))
            }
        }
        return visible
            + labels.labels.filter { !$0.value.isEmpty }
            .map { .attribute(scope + $0.name, $0.value) }
    }

    private func combined(_ first: Double, _ second: Double) -> Double {
        switch function.combination {
        case .least: min(first, second)
        case .greatest: max(first, second)
        // Series that are of one member each do not meet.
        case .sum, nil: first + second
        }
    }

    private func join(_ other: TraceSeries, into series: inout TraceSeries) {
        var samples: [TraceSeries.Sample] = []
        samples.reserveCapacity(max(series.samples.count, other.samples.count))
        var rest = other.samples[...]
        for sample in series.samples {
            while let first = rest.first, first.milliseconds < sample.milliseconds {
                samples.append(rest.removeFirst())
            }
            var sample = sample
            while let first = rest.first, first.milliseconds == sample.milliseconds {
                sample.value = combined(sample.value, first.value)
                rest.removeFirst()
            }
            samples.append(sample)
        }
        series.samples = samples + rest
        series.exemplars += other.exemplars
        if series.samples.isEmpty {
            series.value = combined(series.value ?? 0, other.value ?? 0)
        }
    }

    /// What a function without groups gives where nothing matches.
    ///
    /// - Parameter grid: the steps in milliseconds, nil for one value.
    mutating func addZeros(_ grid: StrideThrough<Int64>?) {
        guard function == .rate || function == .countOverTime else { return }
        var series = TraceSeries(labels: [
            TraceSeries.Label(
                key: "__name__", value: .object([("stringValue", .string(function.rawValue))]))
        ])
        for step in (grid ?? stride(from: 0, through: -1, by: 1)).prefix(Self.mostZeros) {
            series.samples.append(TraceSeries.Sample(milliseconds: step, value: 0))
        }
        all.append(series)
    }

    /// The series in the order of their labels.
    ///
    /// - Parameter mostExemplars: of each series; the newest stay.
    func series(mostExemplars: Int) -> [TraceSeries] {
        var sorted = all.map { (identity: $0.identity, series: $0) }
            .sorted { $0.identity < $1.identity }
            .map(\.series)
        Self.keepOneExemplarPerTrace(&sorted)
        for index in sorted.indices {
            sorted[index].exemplars = sorted[index].exemplars.suffix(mostExemplars)
            if countsSpans { setValues(&sorted[index]) }
        }
        return sorted
    }

    /// Puts exemplars in order, the oldest first. A trace has one in the whole answer, as in that of
    /// one Tempo, though several members have spans of it.
    private static func keepOneExemplarPerTrace(_ series: inout [TraceSeries]) {
        var oldest: [ByteString: Int64] = [:]
        for exemplar in series.lazy.flatMap(\.exemplars) {
            guard let id = exemplar.trace.map(ByteString.init) else { continue }
            oldest[id] = min(oldest[id] ?? exemplar.milliseconds, exemplar.milliseconds)
        }
        for index in series.indices {
            let exemplars = series[index].exemplars
            series[index].exemplars = exemplars.indices.sorted {
                (exemplars[$0].milliseconds, $0) < (exemplars[$1].milliseconds, $1)
            }.map { exemplars[$0] }.filter { exemplar in
                guard let id = exemplar.trace.map(ByteString.init) else { return true }
                guard oldest[id] == exemplar.milliseconds else { return false }
                // Of equal age, the first.
                oldest[id] = nil
                return true
            }
        }
    }

    /// Whether an exemplar has the value of its step, and not of its span.
    private var countsSpans: Bool {
        switch function {
        case .rate, .countOverTime, .histogramOverTime: true
        case .sumOverTime, .minOverTime, .maxOverTime, .avgOverTime, .quantileOverTime, .compare:
            false
        }
    }

    private func setValues(_ series: inout TraceSeries) {
        for index in series.exemplars.indices where series.exemplars[index].value != nil {
            let time = series.exemplars[index].milliseconds
            if let sample = series.step(of: time) { series.exemplars[index].value = sample.value }
        }
    }
}

extension TraceSeries {
    /// The sample of the step that ends at a time or after it.
    func step(of milliseconds: Int64) -> Sample? {
        var low = 0
        var high = samples.count
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].milliseconds < milliseconds {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < samples.count ? samples[low] : nil
    }
}

extension MetricsSecondStage {
    /// Takes away what the stage takes away: samples of a range, series of an instant query.
    func apply(to series: inout [TraceSeries], isRange: Bool) {
        switch self {
        case .comparison(let symbol, let number):
            for index in series.indices {
                series[index].exemplars = []
                series[index].samples.removeAll { !holds($0.value, symbol, number) }
            }
            series.removeAll {
                isRange ? $0.samples.isEmpty : !holds($0.value ?? 0, symbol, number)
            }
        case .top(let count): select(count, from: &series, isRange: isRange) { $0 > $1 }
        // Of equal ones, the last in order.
        case .bottom(let count):
            series.reverse()
            select(count, from: &series, isRange: isRange) { $0 < $1 }
            series.reverse()
        }
    }

    private func holds(_ value: Double, _ symbol: String, _ number: Double) -> Bool {
        switch symbol {
        case "=": value == number
        case "!=": value != number
        case "<": value < number
        case "<=": value <= number
        case ">": value > number
        default: value >= number
        }
    }

    /// Keeps the first samples of each step in an order of values, of equal ones those of the first
    /// series.
    private func select(
        _ count: Int, from series: inout [TraceSeries], isRange: Bool,
        before: (Double, Double) -> Bool
    ) {
        var steps: [Int64: [(series: Int, value: Double)]] = [:]
        for (index, one) in series.enumerated() {
            // An instant query is one step.
            if !isRange { steps[0, default: []].append((index, one.value ?? 0)) }
            for sample in one.samples {
                steps[sample.milliseconds, default: []].append((index, sample.value))
            }
        }
        var kept = [Set<Int64>](repeating: [], count: series.count)
        for (step, values) in steps {
            let order = values.indices.sorted {
                if before(values[$0].value, values[$1].value) { return true }
                return !before(values[$1].value, values[$0].value) && $0 < $1
            }
            for place in order.prefix(count) { kept[values[place].series].insert(step) }
        }
        for index in series.indices {
            let all = series[index]
            series[index].samples.removeAll { !kept[index].contains($0.milliseconds) }
            series[index].exemplars.removeAll { exemplar in
                all.step(of: exemplar.milliseconds).map {
                    !kept[index].contains($0.milliseconds)
                } ?? false
            }
        }
        var index = 0
        series.removeAll { _ in
            defer { index += 1 }
            return kept[index].isEmpty
        }
    }
}
