import GoText
import PromQL
import PrometheusWire
import Synchronization
import TimeSeries
import Upstream
import UpstreamSettings

/// A member that is asked for a range of several days in parts, by days of UTC, at once.
///
/// A Prometheus evaluates a query on one core. A member with many of them, or a proxy in front of
/// many servers, answers the parts in the time of one. Only ranges are split whose value at a step
/// depends on that step alone, so that the parts together are the answer to the whole.
struct SplittingSource: FragmentSourceOverAnother {
    /// What is worth splitting.
    struct Rule: Sendable {
        /// Parts meet at multiples of it.
        var day: Milliseconds = 86_400_000
        /// Steps that a part has at least: fewer cost a member little more than the request does.
        var steps = 100
        /// How much longer than what is read before its first step a part is at least: that is read
        /// once more for each part.
        var overlap: Int64 = 4
        /// Bytes of a part's answer, which is held until all parts are here. Where one is longer the
        /// whole is asked, and passes through.
        var longest = 4 << 20
    }

    let source: any FragmentSource
    /// Parts that the member is asked for at once; 1 for none but the whole.
    let parts: @Sendable () -> Int
    var rule = Rule()
    /// What was too long before, and need not be found out again.
    let long: LongFragments
    /// Tells the member from others in `long`.
    let member: String

    /// The fragments of a member over the network; those of a pool are not split, as its clusters
    /// need not be alike.
    init(_ source: any FragmentSource, of member: Member, long: LongFragments) {
        guard case .server(let client) = member.source else {
            self.init(source) { 1 }
            return
        }
        // What is long for one client may be short for another, whose header fields are passed on.
        self.init(source, member: client.identity.asked.written, long: long) { client.rangeParts }
    }

    init(
        _ source: any FragmentSource, member: String = "", rule: Rule = Rule(),
        long: LongFragments = LongFragments(), parts: @escaping @Sendable () -> Int
    ) {
        self.source = source
        self.member = member
        self.rule = rule
        self.long = long
        self.parts = parts
    }

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        guard let grids = grids(of: question),
            !long.isLonger(
                than: rule.longest, question.text, of: member,
                steps: grids.map(\.count).max() ?? 0)
        else { return try await source.open(question) }
        let replies = await FanOut(width: grids.count).replies(
            to: grids,
            until: { (reply: FanOut.Reply<PartHeld?>) in
                if case .success(.some) = reply.outcome { false } else { true }
            }
        ) { grid throws(UpstreamError) in try await held(question, on: grid) }
        var parts: [SeriesJoin.Part] = []
        for reply in replies {
            switch reply.outcome {
            case .success(let part?):
                guard let ordered = try? SeriesJoin.Part(part.pages) else {
                    return try await source.open(question)
                }
                parts.append(ordered)
            case .success(nil): return try await source.open(question)
            case .failure(let error):
                if reply.isDropped { continue }
                // The member's own words for the whole.
                if case .rejectedQuery = error.kind { return try await source.open(question) }
                if case .exceeded = error.kind { return try await source.open(question) }
                throw error
            }
        }
        // Parts that were dropped were so for another's sake, unless the query itself was.
        guard parts.count == grids.count else {
            if Task.isCancelled { throw UpstreamError(kind: .cancelled) }
            return try await source.open(question)
        }
        var trailer = ResponseScanner.Trailer()
        trailer.resultType = ResponseScanner.ResultType.matrix.rawValue
        return JoinedStream(SeriesJoin(parts), trailer, holding: ())
    }

    /// The answer for some of the steps.
    private struct PartHeld: Sendable {
        var pages: [SeriesPage]
    }

    /// nil for an answer that is too long, or that says more than its series: of the whole that may be
    /// said otherwise.
    private func held(
        _ question: FragmentQuestion, on grid: StepGrid
    ) async throws(UpstreamError) -> PartHeld? {
        var part = question
        part.grid = grid
        let stream = try await source.open(part)
        var (pages, bytes) = ([SeriesPage](), 0)
        while let page = try await stream.next() {
            bytes += page.bytesReserved
            guard bytes <= rule.longest else {
                long.add(question.text, of: member, bytes: bytes, steps: grid.count)
                return nil
            }
            // The page, and the one that is made of it.
            try await Lending.lender?.hold(2 * page.bytesReserved)
            pages.append(page)
        }
        return await stream.trailer().isPlain ? PartHeld(pages: pages) : nil
    }

    /// The steps of each part, in their order; nil for a question that is asked as it is.
    func grids(of question: FragmentQuestion) -> [StepGrid]? {
        let grid = question.grid
        guard !grid.isInstant, question.statistics == nil, grid.count >= 2 * rule.steps,
            let length = grid.end.distance(from: grid.start), length >= rule.day,
            grid.start.milliseconds.magnitude < UInt64(FragmentReach.longest),
            grid.end.milliseconds.magnitude < UInt64(FragmentReach.longest)
        else { return nil }
        let most = parts()
        guard most > 1, let reach = FragmentReach(question.text) else { return nil }
        let firstDay = grid.start.milliseconds.floorDivided(by: rule.day.count)
        let days = grid.end.milliseconds.floorDivided(by: rule.day.count) - firstDay + 1
        let back = max(reach.behind.count, (question.lookback ?? 300_000).count)
        let count = min(
            Int64(most), days, Int64(grid.count / rule.steps),
            length.count / max(1, back * rule.overlap))
        guard count > 1 else { return nil }
        var grids: [StepGrid] = []
        var start = grid.start
        for part in 1...count where start <= grid.end {
            let boundary = (firstDay + days * part / count) * rule.day.count
            // The last step before the next part's first day.
            let steps = (boundary - 1 - start.milliseconds).floorDivided(by: grid.step.count)
            guard steps >= 0 else { continue }
            let end = part == count ? grid.end : min(grid.end, start + grid.step * steps)
            grids.append(StepGrid(start: start, end: end, step: grid.step))
            start = start + grid.step * (steps + 1)
        }
        return grids.count > 1 ? grids : nil
    }
}

/// Fragments whose answers were too long to be held in parts, and how long they were at least. One is
/// forgotten after some minutes, as what a member has changes.
final class LongFragments: Sendable {
    private struct Entry {
        var bytesPerStep: Double
        var until: MonotonicInstant
    }

    static let freshFor = Duration.seconds(600)
    private static let most = 4096
    private let entries = Mutex<[Int: Entry]>([:])

    func add(
        _ text: String, of member: String, bytes: Int, steps: Int, at now: MonotonicInstant = .now
    ) {
        entries.withLock { entries in
            if entries.count >= Self.most { entries = [:] }
            entries[Self.key(text, member)] = Entry(
                bytesPerStep: Double(bytes) / Double(max(1, steps)),
                until: now.advanced(by: Self.freshFor))
        }
    }

    /// Whether an answer of so many steps is known to be longer than this, in bytes.
    func isLonger(
        than most: Int, _ text: String, of member: String, steps: Int,
        at now: MonotonicInstant = .now
    ) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[Self.key(text, member)], now < entry.until else {
                return false
            }
            return entry.bytesPerStep * Double(steps) > Double(most)
        }
    }

    /// Two texts with one key, which hardly ever are, cost no more than the time of a whole range.
    private static func key(_ text: String, _ member: String) -> Int {
        var hasher = Hasher()
        hasher.combine(text)
        hasher.combine(member)
        return hasher.finalize()
    }
}
