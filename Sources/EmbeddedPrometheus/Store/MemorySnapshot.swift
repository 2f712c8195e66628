import GoText
public import PromQL
public import PromQLEngine
import RegularExpressions
public import TimeSeries

/// The series of a `MemoryStore` as they were at one moment. Never changes; cheap to take.
public struct MemorySnapshot: SeriesSource {
    /// The series that have a label, and of those the series that have it with each value.
    private struct Postings: Sendable {
        var all: [Int] = []
        var byValue: [[UInt8]: [Int]] = [:]
    }

    private(set) var series: [MemorySeries] = []
    private var indexByLabels: [LabelSet: Int] = [:]
    private var postings: [[UInt8]: Postings] = [:]
    /// Families with the TYPE, UNIT and HELP that were loaded for them.
    public internal(set) var metadata: [String: [MetricMetadata]] = [:]

    init() {}

    public var seriesCount: Int { series.count }
    public var sampleCount: Int { series.reduce(0) { $0 + $1.count } }

    /// The times of the first and last sample; nil when there is none.
    public var timeRange: ClosedRange<Timestamp>? {
        var range: ClosedRange<Timestamp>?
        for one in series {
            guard let first = one.firstTime, let last = one.lastTime else { continue }
            guard let known = range else {
                range = first...last
                continue
            }
            range = min(first, known.lowerBound)...max(last, known.upperBound)
        }
        return range
    }

    public func series(
        matching matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws -> [SampleSeries] {
        try indices(matching: matchers).compactMap {
            series[$0].samples(from: from, through: through)
        }
    }

    /// The label sets of the series that satisfy any of the selectors (all series when there is
    /// no selector) and have samples around `from...through`; label order, each once.
    public func labelSets(
        matchingAny selectors: [[LabelMatcher]], from: Timestamp, through: Timestamp
    ) throws -> [LabelSet] {
        try indices(matchingAny: selectors, from: from, through: through).map { series[$0].labels }
    }

    /// The label names of the series that `labelSets` would give, in byte order.
    public func labelNames(
        matchingAny selectors: [[LabelMatcher]], from: Timestamp, through: Timestamp
    ) throws -> [String] {
        var names: Set<ArraySlice<UInt8>> = []
        for index in try indices(matchingAny: selectors, from: from, through: through) {
            let labels = series[index].labels
            for pair in labels.ranges { names.insert(labels.key[pair.name]) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }.map(LabelBytes.text)
    }

    /// The values one label has in the series that `labelSets` would give, in byte order.
    public func labelValues(
        of name: String, matchingAny selectors: [[LabelMatcher]], from: Timestamp,
        through: Timestamp
    ) throws -> [String] {
        let wanted = LabelBytes.escaped(name)
        var values: Set<ArraySlice<UInt8>> = []
        for index in try indices(matchingAny: selectors, from: from, through: through) {
            let labels = series[index].labels
            for pair in labels.ranges where labels.key[pair.name].elementsEqual(wanted) {
                values.insert(labels.key[pair.value])
            }
        }
        return values.sorted { $0.lexicographicallyPrecedes($1) }.map(LabelBytes.text)
    }

    // MARK: Changes, made by the store before anyone else sees the snapshot.

    mutating func append(
        _ labels: LabelSet, time: Timestamp, value: SampleInput, startTime: Timestamp
    ) throws(AppendError) {
        let index = indexOrNew(labels)
        try series[index].append(time: time, value: value, startTime: startTime)
    }

    mutating func merge(_ labels: LabelSet, _ samples: SampleChunk) {
        series[indexOrNew(labels)].merge(samples)
    }

    mutating func drop(before time: Timestamp) {
        for index in series.indices { series[index].dropRuns(endingBefore: time) }
        guard series.contains(where: \.isEmpty) else { return }
        let kept = series.filter { !$0.isEmpty }
        series = []
        indexByLabels = [:]
        postings = [:]
        for one in kept { add(one) }
    }

    private mutating func indexOrNew(_ labels: LabelSet) -> Int {
        if let index = indexByLabels[labels] { return index }
        add(MemorySeries(labels: labels))
        return series.count - 1
    }

    private mutating func add(_ one: MemorySeries) {
        let index = series.count
        series.append(one)
        indexByLabels[one.labels] = index
        for pair in one.labels.ranges {
            let value = Array(one.labels.key[pair.value])
            postings[Array(one.labels.key[pair.name]), default: Postings()].all.append(index)
            postings[Array(one.labels.key[pair.name])]?.byValue[value, default: []].append(index)
        }
    }

    // MARK: Selection

    private func indices(
        matchingAny selectors: [[LabelMatcher]], from: Timestamp, through: Timestamp
    ) throws -> [Int] {
        var found: Set<Int> = []
        if selectors.isEmpty {
            found.formUnion(series.indices)
        }
        for selector in selectors {
            found.formUnion(try indices(matching: selector))
        }
        return
            found
            .filter { series[$0].overlaps(from: from, through: through) }
            .sorted { series[$0].labels < series[$1].labels }
    }

    /// In label order.
    private func indices(matching matchers: [LabelMatcher]) throws -> [Int] {
        var compiled = try matchers.map { try CompiledMatcher($0) }
        var candidates: [Int]?
        for matcher in compiled where !matcher.matchesEmpty {
            guard let named = postings[matcher.name] else { return [] }
            var list = named.all
            if let value = matcher.requiredValue {
                guard let exact = named.byValue[value] else { return [] }
                list = exact
            }
            if list.count < candidates?.count ?? .max { candidates = list }
        }
        return (candidates ?? Array(series.indices))
            .filter { index in
                compiled.indices.allSatisfy { compiled[$0].matches(series[index].labels) }
            }
            .sorted { series[$0].labels < series[$1].labels }
    }
}

/// A label matcher prepared for testing many series. Not shared between tasks: it remembers what
/// its expression said about each value.
struct CompiledMatcher {
    let name: [UInt8]
    let matchesEmpty: Bool
    /// The value that an equality matcher asks for, when it is not empty.
    let requiredValue: [UInt8]?

    private enum Test {
        case equal([UInt8])
        case expression(RegularExpression)
    }
    private let test: Test
    private let isNegative: Bool
    private var remembered: [ArraySlice<UInt8>: Bool] = [:]

    /// Throws when the matcher's regular expression is invalid.
    init(_ matcher: LabelMatcher) throws {
        name = LabelBytes.escaped(matcher.name)
        switch matcher.op {
        case .equal, .notEqual:
            let value = LabelBytes.escaped(matcher.value)
            test = .equal(value)
            isNegative = matcher.op == .notEqual
            matchesEmpty = value.isEmpty != isNegative
            requiredValue = !isNegative && !value.isEmpty ? value : nil
        case .regexMatch, .regexNoMatch:
            let expression = try RegularExpression(matcher.value)
            test = .expression(expression)
            isNegative = matcher.op == .regexNoMatch
            matchesEmpty = expression.matches("") != isNegative
            requiredValue = nil
        }
    }

    mutating func matches(_ labels: LabelSet) -> Bool {
        for pair in labels.ranges where labels.key[pair.name].elementsEqual(name) {
            return matches(labels.key[pair.value])
        }
        return matchesEmpty
    }

    private mutating func matches(_ value: ArraySlice<UInt8>) -> Bool {
        switch test {
        case .equal(let wanted):
            return value.elementsEqual(wanted) != isNegative
        case .expression(let expression):
            if let known = remembered[value] { return known }
            let matched = expression.matches(LabelBytes.text(value)) != isNegative
            remembered[value] = matched
            return matched
        }
    }
}
