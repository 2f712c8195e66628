import GoText
import PromQL
import PromQLEngine
import PrometheusWire
import Synchronization
import TimeSeries
import Upstream

/// The samples of selectors, merged from what several replicas have of them.
struct ReplicaSamples: SeriesSource {
    /// What was read for one selector.
    private struct Entry: Sendable {
        var selector: TouchedSelectors.Selector
        /// In label order.
        var series: [SampleSeries]

        /// How much of these times was read.
        func covered(_ from: Timestamp, _ through: Timestamp) -> Int64 {
            let (from, through) = (max(from, selector.from), min(through, selector.through))
            return from <= through ? (through.distance(from: from)?.count ?? .max) : -1
        }
    }

    /// A stretch in which a replica's samples stand in for another's.
    struct Filled: Sendable, Equatable {
        var replica: Int
        var times: ClosedRange<Timestamp>
    }

    private var entries: [Entry] = []
    /// What was filled, over all series.
    private(set) var filled: [Filled] = []

    init() {}

    /// Everything that was added.
    var all: [SampleSeries] { entries.flatMap(\.series) }

    func series(
        matching matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws -> [SampleSeries] {
        let candidates = entries.filter { $0.selector.matchers.allSatisfy(matchers.contains) }
        // Of equal selectors at several times, the one that was read for these.
        let best = candidates.max { one, other in
            let exact = (
                one.selector.matchers.count == matchers.count,
                other.selector.matchers.count == matchers.count
            )
            if exact.0 != exact.1 { return exact.1 }
            return one.covered(from, through) < other.covered(from, through)
        }
        guard let best else {
            throw EvaluationError.execution("unexpected error: a selector was not read")
        }
        let rest = matchers.filter { !best.selector.matchers.contains($0) }
        if rest.isEmpty { return best.series }
        return best.series.filter { series in
            rest.allSatisfy { SelectorRewriting.matcher($0, accepts: series.labels[$0.name] ?? "") }
        }
    }

    /// Adds what was read for a selector.
    ///
    /// - Parameters:
    ///   - given: by replica, the preferred one first; several series of one replica may be one
    ///     without the labels that tell replicas apart.
    mutating func add(
        _ selector: TouchedSelectors.Selector, _ given: [ReplicaSeries], without labels: LabelNames
    ) {
        var parts: [LabelSet: [(replica: Int, part: ReplicaMerge.Part)]] = [:]
        for one in given {
            let series = one.series.sorted { $0.labels < $1.labels }
            for var series in series {
                series.labels = series.labels.removing(labels)
                let part = ReplicaMerge.Part(
                    series, from: one.from, through: one.through, outages: one.outages)
                parts[series.labels, default: []].append((one.replica, part))
            }
        }
        // A replica that has nothing of a series has a hole there.
        var merged: [SampleSeries] = []
        merged.reserveCapacity(parts.count)
        let preferred = given.first?.replica
        for (_, parts) in parts {
            let merge = ReplicaMerge(parts.map(\.part))
            let slices = merge.slices
            merged.append(merge.series(of: slices))
            for slice in slices where parts[slice.part].replica != preferred {
                let times = parts[slice.part].part.series.times[slice.samples]
                guard let first = times.first, let last = times.last,
                    first <= selector.through, last >= selector.from
                else { continue }
                note(
                    Filled(
                        replica: parts[slice.part].replica,
                        times: max(first, selector.from)...min(last, selector.through)))
            }
        }
        entries.append(Entry(selector: selector, series: merged.sorted { $0.labels < $1.labels }))
    }

    /// Stretches of several series that touch one another are told as one.
    private mutating func note(_ new: Filled) {
        var new = new
        filled.removeAll { old in
            guard old.replica == new.replica,
                old.times.lowerBound <= new.times.upperBound.clampedSum(ReplicaMerge.shortestHole),
                new.times.lowerBound <= old.times.upperBound.clampedSum(ReplicaMerge.shortestHole)
            else { return false }
            new.times =
                min(
                    old.times.lowerBound, new.times.lowerBound)...max(
                    old.times.upperBound, new.times.upperBound)
            return true
        }
        filled.append(new)
    }
}

/// What one replica has of a selector.
struct ReplicaSeries: Sendable {
    var replica: Int
    var series: [SampleSeries]
    /// The times of samples that count.
    var from: Timestamp
    var through: Timestamp
    /// Stretches in which it is known to have stored nothing.
    var outages: [ClosedRange<Timestamp>]
}

extension UpstreamClient {
    /// What the server has stored of a selector between two times, both included: with staleness
    /// markers by remote read, else without them, by a range selector.
    func samples(
        of matchers: [LabelMatcher], from: Timestamp, through: Timestamp, _ budget: SampleBudget,
        deadline: ContinuousClock.Instant, work: QueryWork?
    ) async throws(UpstreamError) -> [SampleSeries] {
        let query = RemoteReadRequest.Query(
            start: from, end: through, matchers: matchers.map(RemoteReadRequest.Matcher.init))
        let pages = try await storedSeries(query, injecting: nil, deadline: deadline, work: work)
        guard let pages else {
            return try await ranged(matchers, from, through, budget, deadline, work)
        }
        let bytes = pages.reduce(0) { $0 + $1.bytes.count }
        try await Lending.lender?.hold(4 * bytes)
        var series: [SampleSeries] = []
        do throws(ScanError) {
            for page in pages {
                series += try RemoteSampleDecoder.series(of: page) { count throws(ScanError) in
                    try budget.take(count)
                }
            }
        } catch {
            throw Self.failure(error, budget)
        }
        guard series.contains(where: \.lacksBounds) else { return series }
        let bounds = try await storedBounds(
            query, injecting: nil, deadline: deadline, work: work)
        for row in series.indices where series[row].lacksBounds {
            guard (try? bounds?.complete(&series[row])) == true else {
                let selector = VectorSelector(matchers: matchers)
                throw .undecidable(
                    "remote read of \(Expression.vectorSelector(selector)) gives native histograms "
                        + "without the bounds of their custom buckets")
            }
        }
        return series
    }

    private func ranged(
        _ matchers: [LabelMatcher], _ from: Timestamp, _ through: Timestamp,
        _ budget: SampleBudget, _ deadline: ContinuousClock.Instant, _ work: QueryWork?
    ) async throws(UpstreamError) -> [SampleSeries] {
        let window = through.clampedSum(1) - from
        let text = MatrixSelector(VectorSelector(matchers: matchers), window: .fixed(window))
        var options = QueryOptions(deadline: deadline, resultType: .matrix)
        options.work = work
        let stream = try await query(
            Expression.matrixSelector(text).description, at: through, options: options)
        var series: [SampleSeries] = []
        while let page = try await stream.next() {
            try await Lending.lender?.hold(4 * page.bytesReserved)
            do throws(ScanError) {
                let decoded = try PageDecoder().samples(of: page)
                try budget.take(decoded.reduce(0) { $0 + $1.times.count })
                series += decoded
            } catch {
                throw Self.failure(error, budget)
            }
        }
        for row in series.indices where !series[row].histograms.isEmpty {
            series[row].histograms = series[row].histograms.withSettledLayouts()
        }
        return series
    }

    private static func failure(_ error: ScanError, _ budget: SampleBudget) -> UpstreamError {
        if case .tooLarge(let text) = error, budget.isExceeded { return .limit(text) }
        return UpstreamError(kind: UpstreamError.Kind(error))
    }
}
