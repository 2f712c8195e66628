import GoText
import TimeSeries
import Upstream
import UpstreamSettings

/// Which replica answers which steps of a fragment: one that has all samples which they look at, or
/// several whose samples are merged.
struct ReplicaChoice: Sendable, Equatable {
    enum Way: Sendable, Equatable {
        /// This replica; the others could as well, in the order in which they are preferred.
        case alone(Int, others: [Int])
        case merged
    }

    struct Run: Sendable, Equatable {
        var way: Way
        var grid: StepGrid
    }

    /// Consecutive steps that are answered in one way, in order of time; never empty.
    private(set) var runs: [Run] = []
    /// What the preferred replica lacks of the times that are looked at, as far as another has it.
    private(set) var lacks: [ClosedRange<Timestamp>] = []

    /// Runs that are asked for at once at most.
    static let mostRuns = 12

    /// One replica's share of time.
    struct Holdings: Sendable {
        var replica: Int
        /// Where it may lack samples that others have.
        var lacks: [ClosedRange<Timestamp>] = []
        /// Where it certainly has none.
        var absent: [ClosedRange<Timestamp>] = []

        func isWhole(in window: ClosedRange<Timestamp>) -> Bool {
            !lacks.contains { $0.overlaps(window) } && !absent.contains { $0.overlaps(window) }
        }

        func isAbsent(in window: ClosedRange<Timestamp>) -> Bool {
            absent.contains {
                $0.lowerBound <= window.lowerBound && window.upperBound <= $0.upperBound
            }
        }
    }

    /// - Parameters:
    ///   - windows: the times that a step looks at; nil where every step looks at the same.
    ///   - whole: the times that all steps together look at; nil for none.
    ///   - holdings: the preferred replica first.
    init(
        on grid: StepGrid, windows: ((Timestamp) -> [ClosedRange<Timestamp>])?,
        whole: ClosedRange<Timestamp>?, _ holdings: [Holdings]
    ) {
        guard let whole, holdings.contains(where: { !$0.isWhole(in: whole) }) else {
            let all = holdings.map(\.replica)
            runs = [Run(way: Self.way(all), grid: grid)]
            return
        }
        if let first = holdings.first {
            lacks = Self.joined(first.lacks + first.absent).compactMap { $0.overlap(with: whole) }
        }
        guard let windows, grid.count > 1 else {
            let window = windows?(grid.start) ?? [whole]
            runs = [Run(way: Self.way(of: window, holdings), grid: grid)]
            return
        }
        var ways = (0..<grid.count).map { Self.way(of: windows(grid.time(at: $0)), holdings) }
        var reach = 1
        while Self.runs(of: ways).count > Self.mostRuns {
            ways = Self.joiningMerged(ways, over: reach)
            reach *= 2
        }
        runs = Self.runs(of: ways).map { steps in
            let candidates = holdings.map(\.replica).filter { replica in
                ways[steps].allSatisfy { $0.candidates.contains(replica) }
            }
            let way: Way =
                ways[steps.lowerBound] == .merged ? .merged : Self.way(candidates)
            return Run(
                way: way,
                grid: StepGrid(
                    start: grid.time(at: steps.lowerBound),
                    end: grid.time(at: steps.upperBound - 1), step: grid.step))
        }
    }

    private static func way(_ candidates: [Int]) -> Way {
        guard let first = candidates.first else { return .merged }
        return .alone(first, others: Array(candidates.dropFirst()))
    }

    /// The first replica that has something there decides: it has all, or samples are merged.
    private static func way(
        of windows: [ClosedRange<Timestamp>], _ holdings: [Holdings]
    ) -> Way {
        for (place, one) in holdings.enumerated() {
            if windows.allSatisfy(one.isWhole) {
                let others = holdings[(place + 1)...].filter { windows.allSatisfy($0.isWhole) }
                return .alone(one.replica, others: others.map(\.replica))
            }
            if !windows.allSatisfy(one.isAbsent) { return .merged }
        }
        return .merged
    }

    /// Neighbours whose way begins with the same replica.
    private static func runs(of ways: [Way]) -> [Range<Int>] {
        ways.indices.reduce(into: []) { runs, step in
            if let last = runs.last, ways[last.lowerBound].first == ways[step].first {
                runs[runs.count - 1] = last.lowerBound..<(step + 1)
            } else {
                runs.append(step..<(step + 1))
            }
        }
    }

    /// Steps between two that are merged are merged too, where they are few.
    private static func joiningMerged(_ ways: [Way], over reach: Int) -> [Way] {
        var joined = ways
        var last: Int?
        for (step, way) in ways.enumerated() where way == .merged {
            if let last, step - last - 1 <= reach {
                for between in last..<step { joined[between] = .merged }
            }
            last = step
        }
        let runs = Self.runs(of: joined)
        if runs.count > mostRuns, reach >= ways.count {
            return [Way](repeating: .merged, count: ways.count)
        }
        return joined
    }

    private static func joined(_ ranges: [ClosedRange<Timestamp>]) -> [ClosedRange<Timestamp>] {
        ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { all, range in
            if let last = all.last, range.lowerBound <= last.upperBound {
                all[all.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                all.append(range)
            }
        }
    }
}

extension ReplicaChoice.Way {
    /// The replica that is asked; nil where samples are merged.
    var first: Int? { if case .alone(let replica, _) = self { replica } else { nil } }

    fileprivate var candidates: [Int] {
        if case .alone(let replica, let others) = self { [replica] + others } else { [] }
    }
}

extension ReplicaChoice.Holdings {
    /// What is known of some replicas.
    ///
    /// - Parameter order: their places in the set.
    static func all(
        of set: ReplicaSet, among order: [Int], _ knowledge: ReplicaCoverage.Knowledge,
        at now: Timestamp
    ) -> [ReplicaChoice.Holdings] {
        order.map { replica in
            var holdings = ReplicaChoice.Holdings(replica: replica)
            for other in order where other != replica {
                let lack = knowledge.lack(of: replica, beside: other)
                holdings.lacks += lack.parts
                holdings.absent += lack.outages
            }
            let (from, through) = set.replicas[replica].timeRange.bounds(at: now)
            if from > .min { holdings.absent.append(.min...from.clampedSum(-1)) }
            if through < .max { holdings.absent.append(through.clampedSum(1)...(.max)) }
            return holdings
        }
    }
}

extension ClosedRange {
    fileprivate func overlap(with other: ClosedRange) -> ClosedRange? {
        overlaps(other) ? clamped(to: other) : nil
    }
}
