import GoText
import PromQL
import PrometheusWire
import TimeSeries

/// Jobs that are scraped about equally often.
struct ScrapeClass: Sendable, Equatable {
    /// How old a target's newest scrape may be. Longer than three intervals.
    var window: Milliseconds
    /// Between the times that are looked at.
    var step: Milliseconds
    /// Which jobs, as a matcher; nil for all.
    var matcher: LabelMatcher?

    /// Every 20 seconds or more often.
    static let fast = ScrapeClass(window: 60_000, step: 30_000)
    /// Every minute or more often.
    private static let usual = ScrapeClass(window: 180_000, step: 60_000)
    private static let slow = ScrapeClass(window: 900_000, step: 300_000)

    /// How many scrapes of the last hour the median target of each job had.
    static func scrapesByJob(
        of client: UpstreamClient, at now: Timestamp, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) -> [String: Double] {
        let stream = try await client.query(
            "quantile by (job) (0.5, count_over_time(up[1h]))", at: now,
            options: QueryOptions(deadline: deadline))
        var scrapes: [String: Double] = [:]
        while let page = try await stream.next() {
            let series = (try? PageDecoder().samples(of: page)) ?? []
            for one in series {
                guard let count = one.values.first else { continue }
                scrapes[one.labels["job"] ?? ""] = count
            }
        }
        return scrapes
    }

    /// - Parameter scrapes: of the replicas; the one that had most of a job tells its interval.
    static func classes(_ scrapes: [[String: Double]]) -> [ScrapeClass] {
        var most: [String: Double] = [:]
        for one in scrapes { most.merge(one, uniquingKeysWith: max) }
        let usualJobs = most.filter { $0.value < 170 && $0.value >= 55 }.keys.sorted()
        let slowJobs = most.filter { $0.value < 55 }.keys.sorted()
        if usualJobs.isEmpty, slowJobs.isEmpty { return [fast] }
        var classes: [ScrapeClass] = []
        if usualJobs.count + slowJobs.count < most.count {
            classes.append(fast.of(usualJobs + slowJobs, excluded: true))
        }
        if !usualJobs.isEmpty {
            let isAll = usualJobs.count == most.count
            classes.append(isAll ? usual : usual.of(usualJobs))
        }
        if !slowJobs.isEmpty {
            let isAll = slowJobs.count == most.count
            classes.append(isAll ? slow : slow.of(slowJobs))
        }
        return classes
    }

    private func of(_ jobs: [String], excluded: Bool = false) -> ScrapeClass {
        var some = self
        let alternatives = jobs.map(ExternalLabels.quoted)
        some.matcher = LabelMatcher(
            "job", excluded ? .regexNoMatch : .regexMatch, alternatives.joined(separator: "|"))
        return some
    }

    /// The question whose answer tells how many targets are fresh. A window says how old a scrape may
    /// be to servers too that take no lookback with a query.
    var question: String {
        let selector = VectorSelector(
            name: "up",
            matchers: [LabelMatcher("__name__", .equal, "up")] + [matcher].compactMap { $0 })
        let newest = MatrixSelector(selector, window: .fixed(window))
        return "sum by (job) (last_over_time(\(Expression.matrixSelector(newest).description)))"
    }
}

/// How many targets of each job a replica reached, by step.
struct FreshTargets: Sendable {
    private var jobs: [String: [Double]] = [:]

    init(jobs: [String: [Double]]) { self.jobs = jobs }

    init(
        _ client: UpstreamClient, _ scrapes: ScrapeClass, on grid: StepGrid,
        _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) {
        let options = QueryOptions(deadline: deadline)
        let stream: SeriesStream
        if grid.count == 1 {
            stream = try await client.query(scrapes.question, at: grid.start, options: options)
        } else {
            stream = try await client.queryRange(
                scrapes.question, start: grid.start, end: grid.end, step: grid.step,
                options: options)
        }
        while let page = try await stream.next() {
            let decoded: [StepSeries]
            do throws(ScanError) {
                decoded = try PageDecoder().steps(of: page, on: grid)
            } catch {
                throw UpstreamError(kind: UpstreamError.Kind(error))
            }
            for one in decoded { jobs[one.labels["job"] ?? ""] = one.values }
        }
    }

    /// What this replica lacks of what another has.
    ///
    /// - Parameters:
    ///   - window: how old what counts as fresh may be.
    ///   - isCoarse: whether one step is enough for a hole.
    func lack(
        beside other: FreshTargets, on grid: StepGrid, _ window: Milliseconds, isCoarse: Bool
    ) -> ReplicaCoverage.Lack {
        let count = grid.count
        var lacks = [Bool](repeating: false, count: count)
        var isDark = [Bool](repeating: true, count: count)
        for values in jobs.values {
            for (step, value) in values.enumerated() where !SampleValue.isAbsent(value) {
                isDark[step] = false
            }
        }
        var othersHaveSome = [Bool](repeating: false, count: count)
        for (job, theirs) in other.jobs {
            let own = jobs[job]
            for (step, value) in theirs.enumerated() where !SampleValue.isAbsent(value) {
                othersHaveSome[step] = true
                let mine = own.map { SampleValue.isAbsent($0[step]) ? 0 : $0[step] } ?? 0
                if mine < value { lacks[step] = true }
            }
        }
        for step in 0..<count where !othersHaveSome[step] { isDark[step] = false }
        var lack = ReplicaCoverage.Lack()
        for run in Self.runs(isDark) {
            let (first, last) = (grid.time(at: run.lowerBound), grid.time(at: run.upperBound - 1))
            lack.outages.append(first.clampedSum(-window).clampedSum(1)...last)
        }
        for run in Self.runs(zip(lacks, isDark).map { $0 || $1 }) {
            // One scrape that failed is no hole.
            let isSingle = run.count == 1 && !isCoarse && !isDark[run.lowerBound]
            if isSingle { continue }
            let (first, last) = (grid.time(at: run.lowerBound), grid.time(at: run.upperBound - 1))
            lack.parts.append(
                first.clampedSum(-(window + grid.step))...last.clampedSum(grid.step))
        }
        return lack
    }

    private static func runs(_ flags: [Bool]) -> [Range<Int>] {
        flags.indices.reduce(into: []) { runs, index in
            guard flags[index] else { return }
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<(index + 1)
            } else {
                runs.append(index..<(index + 1))
            }
        }
    }
}
