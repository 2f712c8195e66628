import GatewayConfiguration
import GoText
import PromQLEngine
import PrometheusWire
import Synchronization
import TimeSeries
import Upstream

/// What the fetches of one query may still bring, all together: stored samples, and places in columns.
final class SampleBudget: Sendable {
    private let most: Int
    private let left: Mutex<Int>
    private let maxSteps: Int
    private let cellsLeft: Mutex<Int>
    private let refused = Mutex(false)
    /// The key of a limit that is not the gateway's own for all; nil for that one.
    private let key: String?

    /// Of a query whose engine has these options: what it would refuse is not fetched.
    ///
    /// - Parameter key: Of the limit of samples, where it is not `query.maxSamples`.
    convenience init(_ options: EngineOptions, key: String? = nil) {
        self.init(
            options.maxSamples, steps: options.maxSamples, cells: options.maxCells, key: key)
    }

    init(_ samples: Int, steps: Int = .max, cells: Int = .max, key: String? = nil) {
        most = samples
        self.key = key
        left = Mutex(samples)
        maxSteps = steps
        cellsLeft = Mutex(cells)
    }

    /// Whether more was wanted than there is.
    var isExceeded: Bool { refused.withLock { $0 } }

    /// To be asked before the memory is.
    func take(_ count: Int) throws(ScanError) {
        let isEnough = left.withLock { left in
            left -= min(count, left)
            return left > 0
        }
        guard isEnough else {
            refused.withLock { $0 = true }
            throw .tooLarge(
                "more than \(most) stored samples in one query (\(key ?? "query.maxSamples"))")
        }
    }

    /// To be asked before columns are made.
    func take(columns: Int, steps: Int) throws(ScanError) {
        let (count, overflows) = columns.multipliedReportingOverflow(by: steps)
        let isEnough = cellsLeft.withLock { left in
            if overflows || count > left || steps > maxSteps { return false }
            left -= count
            return true
        }
        guard isEnough else {
            refused.withLock { $0 = true }
            throw .tooLarge(tooMany)
        }
    }

    /// What is told of more places in columns than there are.
    var tooMany: String {
        EvaluationError.tooManySamples.description + (key.map { " (\($0))" } ?? "")
    }
}

/// Puts a plan's fetches to the members of a project.
struct QuestionAsker: PlanAsker {
    var project: ResolvedProject
    /// Nil leaves it to the members.
    var lookback: Milliseconds?
    /// When members must have answered.
    var deadline: ContinuousClock.Instant
    /// Requests under way at once.
    var concurrency: Int
    /// Whether members must answer wholly or not at all.
    var refusesParts = false
    /// What some of a member's data missing does to the answer.
    var partEffect = MissingMemberEffect.subset
    /// What members are asked to tell of their cost.
    var statistics: StatisticsDetail?
    /// Where answers are decoded, and what of them may be held.
    var turn: QueryTurn
    /// None, unless fetches are of stored samples.
    var samples = SampleBudget(0)
    var source: @Sendable (Member) -> any FragmentSource

    /// Steps that a member answers in one range query.
    private static let maximumSteps = 11_000

    public var names: [String] { project.members.map(\.name) }

    public func release() { turn.release() }

    /// The labels that the answer gets.
    private func injection(for fetch: Plan.RemoteQuery) -> LabelInjection? {
        LabelInjection(project.partition, of: project.members[fetch.member].name)?
            .leavingOut(fetch.omitted)
    }

    /// One fetch as it arrives, in the shape that its grid has.
    func open(_ fetch: Plan.RemoteQuery) async throws(UpstreamError) -> any FragmentStream {
        try await open(fetch, on: fetch.grid)
    }

    private func open(
        _ fetch: Plan.RemoteQuery, on grid: StepGrid
    ) async throws(UpstreamError)
        -> any FragmentStream
    {
        let member = project.members[fetch.member]
        return try await source(member).open(
            FragmentQuestion(
                text: fetch.text, grid: grid, lookback: lookback, deadline: deadline,
                injection: injection(for: fetch),
                resultType: fetch.form == .samples ? .matrix : .vector,
                refusesParts: refusesParts, statistics: statistics, work: turn.work))
    }

    // MARK: - Values

    /// A fetch, wholly read and decoded. Grids of more steps than a member answers at once are
    /// asked in pieces, cut between steps.
    func fetch(
        _ fetch: Plan.RemoteQuery, maxSeries: Int
    ) async throws(UpstreamError) -> FetchedAnswer {
        switch fetch.form {
        case .stored(let selection):
            return try await ThreadPool.run { () async throws(UpstreamError) in
                try await stored(selection, of: fetch, maxSeries)
            }
        case .samples:
            var series: [SampleSeries] = []
            var bytes = 0
            let trailer = try await pages(fetch, on: fetch.grid) { page in
                bytes += page.bytes.count
                series += try PageDecoder().samples(of: page)
                try Self.check(series.count, maxSeries)
            }
            guard let trailer else { return .stopped }
            for row in series.indices where !series[row].histograms.isEmpty {
                series[row].histograms = series[row].histograms.withSettledLayouts()
                for histogram in series[row].histograms.values {
                    try BucketSchemaProbing.check(histogram, fetch)
                }
            }
            return FetchedAnswer(value: .samples(series), trailers: [trailer], bytes: bytes)
        case .steps:
            let answer = try await columns(fetch, maxSeries: maxSeries)
            if answer.isStopped { return .stopped }
            var series = answer.series
            if series.contains(where: { !$0.histograms.isEmpty }) {
                series = try await BucketSchemaProbing(
                    asker: self, fetch: fetch, maxSeries: maxSeries
                )
                .decided(series)
            }
            return FetchedAnswer(
                value: .steps(series), trailers: answer.trailers, bytes: answer.bytes)
        }
    }

    /// Columns as they were read, with what came beside them.
    struct Columns: Sendable {
        var series: [StepSeries] = []
        var trailers: [ResponseScanner.Trailer] = []
        var bytes = 0
        var isStopped = false
    }

    /// The columns of a fetch.
    func columns(
        _ fetch: Plan.RemoteQuery, maxSeries: Int
    ) async throws(UpstreamError) -> Columns {
        var answer = Columns()
        var columns = StepColumns(count: fetch.grid.count, budget: samples)
        do throws(ScanError) {
            try samples.take(columns: 0, steps: fetch.grid.count)
        } catch {
            throw .limit(samples.tooMany)
        }
        var first = 0
        while first < fetch.grid.count {
            let count = min(Self.maximumSteps, fetch.grid.count - first)
            let piece = StepGrid(
                start: fetch.grid.time(at: first),
                end: fetch.grid.time(at: first + count - 1), step: fetch.grid.step)
            let offset = first
            let trailer = try await pages(fetch, on: piece) { page in
                answer.bytes += page.bytes.count
                try columns.reserve(page.series.count, at: offset)
                try columns.add(PageDecoder().steps(of: page, on: piece), at: offset)
                try Self.check(columns.series.count, maxSeries)
            }
            guard let trailer else {
                answer.isStopped = true
                return answer
            }
            answer.trailers.append(trailer)
            first += count
        }
        answer.series = columns.series
        return answer
    }

    /// Whether the member of a fetch can have histograms with custom buckets at all.
    func knowsCustomBuckets(_ fetch: Plan.RemoteQuery) async -> Bool {
        await source(project.members[fetch.member]).knowsCustomBuckets(by: deadline)
    }

    static func check(_ count: Int, _ maxSeries: Int) throws(ScanError) {
        guard count <= maxSeries else {
            throw .tooLarge("more than \(maxSeries) series in one fragment (limits.maxSeries)")
        }
    }

    /// Reads a fetch page by page, to its end or, where that ends it, to the first native histogram:
    /// then there is no trailer. A page is taken in a place for computing, once there is memory for
    /// what it becomes.
    ///
    /// - Parameter take: throws `ScanError`.
    func pages(
        _ fetch: Plan.RemoteQuery, on grid: StepGrid, _ take: (SeriesPage) throws -> Void
    ) async throws(UpstreamError) -> ResponseScanner.Trailer? {
        // One step needs no range query, whatever grid it stands on. What is passed on as it is
        // does: its samples are written as the client asked for them.
        let grid = grid.count == 1 ? StepGrid.instant(grid.start) : grid
        let stream = try await open(fetch, on: grid)
        var reading = LongAnswer(turn)
        var isStopped = false
        func read(_ page: SeriesPage) async throws(UpstreamError) {
            try await reading.read(page)
            isStopped = fetch.stopsAtHistograms && page.series.contains(where: \.hasHistograms)
            if isStopped { return }
            try await turn.hold(Self.cost(of: page, on: grid, fetch))
            try await inTurn { try take(page) }
        }
        guard let first = try await stream.next() else { return await stream.trailer() }
        if LongAnswer.isPart(first) {
            try await ThreadPool.run { () async throws(UpstreamError) in
                try await read(first)
                while !isStopped, let page = try await stream.next() { try await read(page) }
            }
        } else {
            try await read(first)
            while !isStopped, let page = try await stream.next() { try await read(page) }
        }
        return isStopped ? nil : await stream.trailer()
    }

    /// Computes in a place for that.
    ///
    /// - Parameter work: throws `ScanError`.
    func inTurn<Value: Sendable>(
        _ work: () throws -> Value
    ) async throws(UpstreamError) -> Value {
        do {
            return try await turn.work.compute(work)
        } catch ScanError.tooLarge(let text) {
            // What the members together may bring is the query's own limit.
            throw samples.isExceeded ? .limit(text) : UpstreamError(kind: .oversized(text))
        } catch let error as ScanError {
            throw UpstreamError(kind: UpstreamError.Kind(error))
        } catch let error as NoTurn {
            throw UpstreamError(error)
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// About what a page is once it is decoded, in bytes: columns have a place for every step, and
    /// what else there is takes no more than its text does. With the first piece of a grid they get
    /// places for all the others.
    private static func cost(
        of page: SeriesPage, on grid: StepGrid, _ fetch: Plan.RemoteQuery
    ) -> Int {
        let steps = grid.start == fetch.grid.start ? fetch.grid.count : grid.count
        let perSeries = 128 + (fetch.form == .steps ? 8 * steps : 0)
        return page.bytes.count + page.keys.count + page.series.count * perSeries
    }
}

/// Columns that arrive in pieces of consecutive steps.
struct StepColumns {
    private(set) var series: [StepSeries] = []
    private let count: Int
    private let budget: SampleBudget
    private var rows: [LabelSet: Int] = [:]

    /// `count` steps in all.
    init(count: Int, budget: SampleBudget = SampleBudget(0)) {
        self.count = count
        self.budget = budget
    }

    /// Takes places for series, before these are decoded. At the first step all of them are new.
    func reserve(_ series: Int, at first: Int) throws(ScanError) {
        if first == 0 { try budget.take(columns: series, steps: count) }
    }

    /// Adds a piece that begins at a step.
    ///
    /// - Throws: when a piece has a label set twice.
    mutating func add(_ piece: [StepSeries], at first: Int) throws(ScanError) {
        for one in piece {
            if let row = rows[one.labels] {
                guard first > 0, SampleValue.isAbsent(series[row].values[first]) else {
                    throw .duplicate(one.labels)
                }
                for (step, value) in one.values.enumerated() {
                    series[row].values[first + step] = value
                }
                for (step, histogram) in one.histograms {
                    series[row].histograms[first + step] = histogram
                }
                continue
            }
            if first > 0 { try budget.take(columns: 1, steps: count) }
            rows[one.labels] = series.count
            if first == 0, one.values.count == count {
                series.append(one)
                continue
            }
            var whole = StepSeries(
                labels: one.labels, values: [Double](repeating: SampleValue.absent, count: count))
            for (step, value) in one.values.enumerated() { whole.values[first + step] = value }
            for (step, histogram) in one.histograms {
                whole.histograms[first + step] = histogram
            }
            series.append(whole)
        }
    }
}

extension QuestionAsker {
    /// What a member has stored, with the labels that are added, in label order.
    func stored(
        _ selection: StoredSelection, of fetch: Plan.RemoteQuery, _ maxSeries: Int
    ) async throws(UpstreamError) -> FetchedAnswer {
        let member = project.members[fetch.member]
        let answer = try await source(member).stored(
            StoredQuestion(
                selection: selection, deadline: deadline,
                injection: injection(for: fetch), work: turn.work))
        let bytes = answer.pages.reduce(0) { $0 + $1.bytes.count }
        // A message is no shorter than a few bytes a sample; what it becomes, a few times that.
        try await turn.hold(4 * bytes)
        var series = try await inTurn {
            try Self.check(answer.pages.reduce(0) { $0 + $1.series.count }, maxSeries)
            var series: [SampleSeries] = []
            for page in answer.pages {
                series += try RemoteSampleDecoder.series(of: page) { count throws(ScanError) in
                    try samples.take(count)
                }
            }
            return series
        }
        if series.contains(where: \.lacksBounds) {
            series = try await completed(series, answer, fetch)
        }
        series.sort { $0.labels < $1.labels }
        for (one, next) in zip(series, series.dropFirst()) where one.labels == next.labels {
            throw UpstreamError(kind: UpstreamError.Kind(ScanError.duplicate(one.labels)))
        }
        // The protocol tells no statistics.
        return FetchedAnswer(
            value: .samples(series), trailers: [ResponseScanner.Trailer()], bytes: bytes)
    }

    /// With the bounds of custom buckets in the histograms that came without.
    private func completed(
        _ series: [SampleSeries], _ answer: StoredAnswer, _ fetch: Plan.RemoteQuery
    ) async throws(UpstreamError) -> [SampleSeries] {
        let bounds = try await answer.bounds()
        let (completed, isWhole) = try await inTurn {
            var all = series
            var isWhole = true
            for row in all.indices where all[row].lacksBounds {
                isWhole = try bounds?.complete(&all[row]) ?? false && isWhole
            }
            return (all, isWhole)
        }
        guard isWhole else {
            throw .undecidable(
                "remote read of \(fetch.text) gives native histograms without the bounds of their "
                    + "custom buckets")
        }
        return completed
    }
}
