public import GoText
import PrometheusWire
import TimeSeries

/// What replicas are known to lack that others have, by stretches of time.
///
/// Each is asked how many targets of every job it has a fresh `up` of. Where one has less than
/// another, it lacks samples. What it says of the past does not change, and is kept.
public actor ReplicaCoverage {
    /// What one replica lacks and another has.
    public struct Lack: Sendable, Equatable {
        /// Stretches in which it has less than the other one, in order of time.
        public var parts: [ClosedRange<Timestamp>] = []
        /// Stretches within these in which it scraped nothing.
        public var outages: [ClosedRange<Timestamp>] = []
    }

    /// What is known of a stretch of time.
    public struct Knowledge: Sendable {
        /// What the first of a pair lacks and the second has.
        var lacks: [Pair: Lack] = [:]
        /// Replicas that did not tell, while another did. They may lack anything.
        var silent: Set<Int> = []

        /// That of nothing.
        public init() {}

        public func lack(of replica: Int, beside other: Int) -> Lack {
            lacks[Pair(replica: replica, other: other)] ?? Lack()
        }

        /// Replicas in the order in which they are preferred: those that did not tell are the last.
        public func order(_ replicas: [Int]) -> [Int] {
            replicas.filter { !silent.contains($0) } + replicas.filter(silent.contains)
        }

        mutating func add(_ other: Knowledge) {
            silent.formUnion(other.silent)
            for (pair, lack) in other.lacks {
                lacks[pair, default: Lack()].parts += lack.parts
                lacks[pair, default: Lack()].outages += lack.outages
            }
        }
    }

    struct Pair: Sendable, Hashable {
        var replica: Int
        var other: Int
    }

    /// Blocks are as long, and begin at multiples of it.
    static let block: Milliseconds = 7_200_000
    /// Older blocks do not change.
    static let settled: Milliseconds = 900_000
    /// How long what is known of younger ones holds.
    static let freshFor = Duration.seconds(15)
    /// How long replicas are waited for; for one block, which is asked for again and again, less.
    static let patience = Duration.seconds(10)
    static let patienceForOne = Duration.seconds(3)
    /// Blocks that are kept.
    static let mostBlocks = 20_000
    /// Stretches longer than this are looked at in coarse steps.
    static let longest: Milliseconds = 259_200_000
    static let coarseStep: Milliseconds = 300_000

    private struct Block {
        var knowledge: Knowledge
        /// Between the times that were looked at.
        var isCoarse: Bool
        /// Nil of what does not change any more.
        var until: MonotonicInstant?
    }

    private let clients: [UpstreamClient]
    private let labels: [String]
    private var blocks: [Int64: Block] = [:]
    private var intervals: (classes: [ScrapeClass], until: MonotonicInstant)?
    private var shown: (answer: Bool, until: MonotonicInstant)?
    private var asking: [Int64: Task<Void, Never>] = [:]

    init(_ clients: [UpstreamClient], labels: [String]) {
        self.clients = clients
        self.labels = labels
    }

    /// What replicas lack between two times. What is not known is asked. A replica that does not tell
    /// is not compared with others.
    public func knowledge(
        from: Timestamp, through: Timestamp, now: Timestamp, deadline: ContinuousClock.Instant
    ) async -> Knowledge {
        guard clients.count > 1, from <= through else { return Knowledge() }
        let earliest = now.clampedSum(-Milliseconds(Self.block.count * Int64(Self.mostBlocks)))
        let (from, through) = (max(from, earliest), min(through, now))
        guard from <= through else { return Knowledge() }
        let numbers = Array(Self.number(of: from)...Self.number(of: through))
        let isCoarse = through - from > Self.longest
        while true {
            let missing = numbers.filter { !isKnown($0, coarsely: isCoarse) }
            if missing.isEmpty { break }
            if let other = missing.lazy.compactMap({ self.asking[$0] }).first {
                await other.value
                if ContinuousClock.now >= deadline { break }
                continue
            }
            let task = Task { await self.find(missing, coarsely: isCoarse, now, deadline) }
            for number in missing { asking[number] = task }
            await task.value
            for number in missing { asking[number] = nil }
            break
        }
        return numbers.reduce(into: Knowledge()) { all, number in
            if let block = blocks[number] { all.add(block.knowledge) }
        }
    }

    /// Whether a server shows one of the labels that tell replicas apart, as far as is known.
    public func showsLabels(deadline: ContinuousClock.Instant) async -> Bool {
        if labels.isEmpty { return false }
        let now = MonotonicInstant.now
        if let shown, now < shown.until { return shown.answer }
        let questions = clients.flatMap { client in labels.map { (client: client, label: $0) } }
        let replies = await FanOut(width: questions.count).replies(
            to: questions, until: { (try? $0.outcome.get()) == true }
        ) { question throws(UpstreamError) in
            let values = try await question.client.labelValues(
                question.label, SeriesSelection(limit: 1, deadline: deadline))
            return !values.elements.isEmpty
        }
        let answer = replies.contains { (try? $0.outcome.get()) == true }
        let isWhole = answer || replies.allSatisfy { (try? $0.outcome.get()) != nil }
        shown = (answer, now.advanced(by: isWhole ? .seconds(300) : Self.freshFor))
        return answer
    }

    // MARK: - Asking

    private static func number(of time: Timestamp) -> Int64 {
        time.milliseconds.floorDivided(by: block.count)
    }

    private func isKnown(_ number: Int64, coarsely isCoarse: Bool) -> Bool {
        guard let block = blocks[number], isCoarse || !block.isCoarse else { return false }
        return block.until.map { .now < $0 } ?? true
    }

    private func find(
        _ numbers: [Int64], coarsely isCoarse: Bool, _ now: Timestamp,
        _ deadline: ContinuousClock.Instant
    ) async {
        let patience = numbers.count == 1 ? Self.patienceForOne : Self.patience
        let deadline = min(deadline, .now.advanced(by: patience))
        let classes = await scrapeClasses(now, deadline)
        for run in Self.runs(of: numbers) {
            var found: [Int64: Knowledge] = [:]
            var silent: Set<Int> = []
            for scrapes in classes {
                let step = isCoarse ? max(Self.coarseStep, scrapes.step) : scrapes.step
                let grid = Self.grid(of: run, step: step, through: now)
                guard grid.count > 0 else { continue }
                let replies = await FanOut(width: clients.count).replies(to: clients) {
                    client throws(UpstreamError) in
                    try await FreshTargets(client, scrapes, on: grid, deadline)
                }
                let given = replies.compactMap { reply in
                    (try? reply.outcome.get()).map { (replica: reply.index, targets: $0) }
                }
                silent.formUnion(clients.indices.filter { !given.map(\.replica).contains($0) })
                for one in given {
                    for other in given where other.replica != one.replica {
                        let pair = Pair(replica: one.replica, other: other.replica)
                        let lack = one.targets.lack(
                            beside: other.targets, on: grid, scrapes.window,
                            isCoarse: isCoarse)
                        Self.add(lack, of: pair, to: &found)
                    }
                }
            }
            if blocks.count + run.count > Self.mostBlocks { blocks = [:] }
            for number in run {
                let end = Timestamp(milliseconds: (number + 1) * Self.block.count)
                let isSettled = silent.isEmpty && end <= now - Self.settled
                var knowledge = found[number] ?? Knowledge()
                // Where none tells, none is better than another.
                if silent.count < clients.count { knowledge.silent = silent }
                blocks[number] = Block(
                    knowledge: knowledge, isCoarse: isCoarse,
                    until: isSettled ? nil : .now.advanced(by: Self.freshFor))
            }
        }
    }

    /// Stretches belong to the blocks that they lie in; one that crosses a border is in both.
    private static func add(_ lack: Lack, of pair: Pair, to found: inout [Int64: Knowledge]) {
        for (stretches, path) in [(lack.parts, \Lack.parts), (lack.outages, \Lack.outages)] {
            for stretch in stretches {
                for number in Self.number(
                    of: stretch.lowerBound)...Self.number(of: stretch.upperBound)
                {
                    found[number, default: Knowledge()].lacks[pair, default: Lack()][
                        keyPath: path
                    ].append(stretch)
                }
            }
        }
    }

    /// Neighbours, as many as one question takes.
    private static func runs(of numbers: [Int64]) -> [[Int64]] {
        let most = Int(10_800 / (block / ScrapeClass.fast.step))
        return numbers.reduce(into: []) { runs, number in
            if let last = runs.last, last.last == number - 1, last.count < most {
                runs[runs.count - 1].append(number)
            } else {
                runs.append([number])
            }
        }
    }

    private static func grid(
        of run: [Int64], step: Milliseconds, through now: Timestamp
    ) -> StepGrid {
        let start = Timestamp(milliseconds: (run.first ?? 0) * block.count)
        let end = Timestamp(milliseconds: ((run.last ?? 0) + 1) * block.count - 1)
        return StepGrid(start: start, end: min(end, now), step: step)
    }

    /// The jobs by how often they are scraped, as the last hour shows; kept for an hour.
    private func scrapeClasses(
        _ now: Timestamp, _ deadline: ContinuousClock.Instant
    ) async -> [ScrapeClass] {
        if let intervals, .now < intervals.until { return intervals.classes }
        let replies = await FanOut(width: clients.count).replies(to: clients) {
            client throws(UpstreamError) in
            try await ScrapeClass.scrapesByJob(of: client, at: now, deadline)
        }
        let given = replies.compactMap { try? $0.outcome.get() }
        let classes = ScrapeClass.classes(given)
        let isWhole = given.count == clients.count
        let validity: Duration = isWhole ? .seconds(3600) : Self.freshFor
        intervals = (classes, .now.advanced(by: validity))
        return classes
    }
}
