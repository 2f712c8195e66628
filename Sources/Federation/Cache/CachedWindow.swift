import GoText
import TimeSeries

/// The steps of a question, and which of them do not change any more.
struct CachedWindow: Sendable {
    let grid: StepGrid
    /// The first step and the last.
    let from: Timestamp
    let through: Timestamp
    /// The last step that does not change any more.
    private let settledThrough: Timestamp
    private let asked: Timestamp

    /// nil for a question of whose answer nothing can be kept.
    init?(_ text: String, on grid: StepGrid, tail: Milliseconds, now: Timestamp) {
        self.grid = grid
        asked = now
        from = grid.start
        let settled = now - tail
        // Before the text is looked at: most instants are of now.
        guard from <= settled, grid.count > 0,
            from.milliseconds.magnitude < UInt64(FragmentReach.longest),
            grid.end.milliseconds.magnitude < UInt64(FragmentReach.longest)
        else { return nil }
        through = grid.time(at: grid.count - 1)
        guard let reach = FragmentReach(text),
            reach.fixed.map({ $0 <= settled }) ?? true
        else { return nil }
        let last = settled &- reach.ahead
        guard from <= last else { return nil }
        settledThrough =
            last >= through ? through : from + grid.step * ((last - from) / grid.step)
    }

    /// The steps that can be kept of an answer to the question, without their pages.
    var settled: CachedExtent {
        CachedExtent(
            from: from, through: settledThrough, pages: [], asked: asked,
            widest: through - from)
    }

    /// How many of the steps an extent has, if the member was not asked too long ago, or, as a clock
    /// of another gateway says, in the future.
    func steps(from first: Timestamp, through last: Timestamp, asked: Timestamp) -> Int64 {
        let age = self.asked - asked
        guard age >= 0, age <= ResultsCache.lifetime else { return 0 }
        let (first, last) = (max(from, first), min(through, last))
        guard first <= last else { return 0 }
        return grid.isInstant ? 1 : (last - first) / grid.step + 1
    }

    /// The steps that can be kept, if an extent with more of them is worth looking for elsewhere:
    /// where the member must be asked for those that may still change, a few more cost nothing.
    func wanted(besides known: [CachedExtent]) -> ClosedRange<Timestamp>? {
        let settled = grid.isInstant ? 1 : (settledThrough - from) / grid.step + 1
        let most =
            known.map {
                steps(from: $0.from, through: min($0.through, settledThrough), asked: $0.asked)
            }.max() ?? 0
        let missing = settled - most
        guard settledThrough >= through ? missing > 0 : missing > settled / 8 else { return nil }
        return from...settledThrough
    }

    /// What an extent is good for.
    struct Use {
        var extent: CachedExtent
        /// The steps before it and those behind it.
        var missing: [StepGrid] = []
    }

    /// The extent that has most of the steps; nil where asking for all of them costs no more.
    func use(of extents: [CachedExtent]) -> Use? {
        var best: (use: CachedExtent, steps: Int64)?
        for extent in extents {
            let steps = steps(from: extent.from, through: extent.through, asked: extent.asked)
            if steps > best?.steps ?? 0 { best = (extent, steps) }
        }
        guard let best, Int(best.steps) >= (grid.count + 3) / 4 else { return nil }
        var use = Use(extent: best.use)
        if best.use.from > from {
            use.missing.append(
                StepGrid(start: from, end: best.use.from - grid.step, step: grid.step))
        }
        if best.use.through < through {
            use.missing.append(
                StepGrid(start: best.use.through + grid.step, end: through, step: grid.step))
        }
        return use
    }

    /// An extent together with what else of the question can be kept; nil where that is nothing.
    func extended(_ extent: CachedExtent) -> CachedExtent? {
        // Neither may have a gap, whatever the clock did in between.
        guard from >= extent.from || settledThrough >= extent.from else { return nil }
        var longer = extent
        longer.holder = nil
        longer.from = min(from, extent.from)
        longer.through = max(settledThrough, extent.through)
        longer.widest = max(extent.widest, through - from)
        guard longer.from < extent.from || longer.through > extent.through else { return nil }
        // Dashboards move on: what the longest of them does not see is let go in time.
        let length = longer.through - longer.from
        if length > longer.widest &+ longer.widest, from > longer.from {
            let first = longer.through - longer.widest
            longer.from = min(from, longer.from + grid.step * ((first - longer.from) / grid.step))
        }
        return longer
    }
}
