public import TimeSeries

/// Where the memory for columns comes from, as other queries need some too.
public protocol EvaluationMemory: Sendable {
    /// Takes so many bytes more if they are to be had at once. They are given back when the query
    /// ends.
    func lend(_ bytes: Int) -> Bool
}

/// What one evaluation may take of memory and time. All evaluators of a query share it.
///
/// Three things are counted: *samples* that values hold, as Prometheus counts them; *cells*, the
/// places in columns, which are taken at once for all steps whether samples fill them or not; and the
/// bytes of labels that functions make. Cells and bytes are asked for before the memory is.
final class EvaluationBudget {
    /// Samples held by values that are still needed.
    private(set) var samples = 0
    private(set) var peakSamples = 0
    /// Cells of values that are still needed, 8 bytes each.
    private(set) var cells = 0
    private(set) var peakCells = 0
    /// Cells of values that were not asked for before they were made; none should be.
    private(set) var unasked = 0
    /// Bytes of labels that were made here and are still needed.
    private(set) var labelBytes = 0
    /// How often the clock was looked at.
    private(set) var checks = 0
    private let maxSamples: Int
    private let maxCells: Int
    private let maxLabelBytes: Int
    /// Nil where nothing else needs memory.
    private let memory: (any EvaluationMemory)?
    private var lentBytes = 0
    private let deadline: ContinuousClock.Instant?
    private let now: () -> ContinuousClock.Instant
    private let isCancelled: () -> Bool

    /// The longest text of a label: Prometheus keeps lengths in three bytes.
    static let longestLabel = 0xFF_FFFF

    /// Bytes that are asked for at once, so that few columns cost one question.
    private static let leastLent = 1 << 20

    init(
        _ options: EngineOptions, memory: (any EvaluationMemory)? = nil,
        now: @escaping () -> ContinuousClock.Instant = { ContinuousClock.now },
        isCancelled: @escaping () -> Bool = { Task.isCancelled }
    ) {
        maxSamples = options.maxSamples
        maxCells = options.maxCells
        maxLabelBytes = options.maxLabelBytes
        deadline = options.deadline
        self.memory = memory
        self.now = now
        self.isCancelled = isCancelled
    }

    /// Sets the number of samples in memory.
    func hold(_ count: Int) throws(EvaluationError) {
        samples = count
        peakSamples = max(peakSamples, count)
        if count > maxSamples { throw .tooManySamples }
    }

    /// Checks that a column of so many steps may be made at all, before any is.
    func refuse(steps: Int) throws(EvaluationError) {
        if steps > maxSamples { throw .tooManySamples }
    }

    /// Takes cells for `columns` columns, before these are made.
    func reserve(_ steps: Int, columns: Int = 1) throws(EvaluationError) {
        let (count, overflows) = steps.multipliedReportingOverflow(by: columns)
        guard !overflows, count <= maxCells - cells else { throw .tooManySamples }
        cells += count
        if cells > peakCells {
            peakCells = cells
            try borrow()
        }
    }

    /// Sets the number of cells, once what was made on the way is gone.
    func settle(cells count: Int) throws(EvaluationError) {
        unasked += max(0, count - cells)
        cells = min(cells, count)
        try reserve(count - cells)
    }

    /// Takes bytes for labels, before these are made.
    func reserve(labelBytes count: Int) throws(EvaluationError) {
        guard count <= maxLabelBytes - labelBytes else {
            throw .execution(
                "query processing would make more than \(maxLabelBytes) bytes of labels")
        }
        labelBytes += count
        try borrow()
    }

    /// Sees to it that what is needed is lent. The first few columns are part of what every query
    /// costs.
    private func borrow() throws(EvaluationError) {
        guard let memory else { return }
        let needed = 8 * cells + labelBytes
        guard needed > max(lentBytes, Self.free) else { return }
        let bytes = max(Self.leastLent, needed - lentBytes)
        guard memory.lend(bytes) else { throw .noMemory(bytes) }
        lentBytes += bytes
    }

    private static let free = 64 << 10

    /// Sets the number of bytes, once the labels of an argument are gone.
    func settle(labelBytes count: Int) { labelBytes = min(labelBytes, count) }

    /// Fails when the caller has gone or the time is up.
    func check() throws(EvaluationError) {
        checks += 1
        if isCancelled() { throw .canceled("query was canceled in expression evaluation") }
        if let deadline, now() >= deadline {
            throw .timeout("query timed out in expression evaluation")
        }
    }
}

/// Looks at the clock once in so many elements. Each loop over steps, series or samples has its own.
struct WorkCounter {
    /// Elements between two looks: a few dozen microseconds of the cheapest work.
    static let interval = 8192

    private let budget: EvaluationBudget
    private var work = 0

    init(_ budget: EvaluationBudget) { self.budget = budget }

    /// Counts elements that are about to be worked on.
    @inline(__always)
    mutating func add(_ elements: Int = 1) throws(EvaluationError) {
        work &+= elements
        if work >= Self.interval {
            work = 0
            try budget.check()
        }
    }
}

/// The steps of a column in runs that are short enough to be worked on without a look at the clock.
struct StepChunks: Sequence, IteratorProtocol {
    private var first = 0
    private let count: Int

    init(_ count: Int) { self.count = count }

    mutating func next() -> Range<Int>? {
        if first >= count { return nil }
        let chunk = first..<Swift.min(count, first + WorkCounter.interval)
        first = chunk.upperBound
        return chunk
    }
}

extension Range<Int> {
    /// Gives every element to `body`, looking at the clock on the way where there are many.
    @inline(__always)
    func forEach(
        within budget: EvaluationBudget, _ body: (Int) -> Void
    ) throws(EvaluationError) {
        var next = lowerBound
        while true {
            let end = Swift.min(upperBound, next &+ WorkCounter.interval)
            while next < end {
                body(next)
                next &+= 1
            }
            if end == upperBound { return }
            try budget.check()
        }
    }
}

extension ArraySlice {
    /// As above.
    @inline(__always)
    func forEach(
        within budget: EvaluationBudget, _ body: (Element) -> Void
    ) throws(EvaluationError) {
        try withUnsafeBufferPointer { elements throws(EvaluationError) in
            try (0..<elements.count).forEach(within: budget) { body(elements[$0]) }
        }
    }
}

extension Array {
    /// Sorts, looking at the clock on the way where there is much to sort.
    ///
    /// - Parameter effort: Of one comparison, in elements of a column.
    mutating func sort(
        within budget: EvaluationBudget, effort: Int = 1,
        by precedes: (Element, Element) throws(EvaluationError) -> Bool
    ) throws(EvaluationError) {
        var work = WorkCounter(budget)
        do {
            try sort { a, b in
                try work.add(effort)
                return try precedes(a, b)
            }
        } catch {
            throw .expanding(error)
        }
    }

    /// As above; equal elements keep their order.
    mutating func stableSort(
        within budget: EvaluationBudget, effort: Int = 1, by precedes: (Element, Element) -> Bool
    ) throws(EvaluationError) {
        var ordered = Array<(offset: Int, element: Element)>(enumerated())
        try ordered.sort(within: budget, effort: effort) { a, b in
            if precedes(a.element, b.element) { return true }
            if precedes(b.element, a.element) { return false }
            return a.offset < b.offset
        }
        self = ordered.map(\.element)
    }
}

extension EvaluationError {
    /// What a query is told that holds more samples than it may, or would take memory for more.
    public static let tooManySamples = EvaluationError.execution(
        "query processing would load too many samples into memory in query execution")
}

extension EvaluatedValue {
    /// The cells that it takes.
    var cells: Int {
        switch self {
        case .scalar(let values): values.count
        case .string: 0
        case .vector(let series): series.reduce(0) { $0 + $1.cells }
        case .range(let vector): vector.series.reduce(0) { $0 + $1.cells }
        }
    }
}

extension StepSeries {
    var cells: Int { values.count + histogramCells }

    /// What native histograms take, in places of columns.
    public var histogramCells: Int { histograms.values.reduce(0) { $0 + $1.cells } }
}

extension RangeSeries {
    /// Times and values.
    var cells: Int {
        histograms.reduce(2 * floats.count + floatStarts.count) { $0 + $1.cells }
    }
}

extension FloatHistogram {
    /// A sample is two numbers, and weight is counted in samples.
    var cells: Int { 2 * weight }
}
