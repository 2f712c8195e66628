/// What changes while a query is evaluated, whatever grid is being evaluated.
struct EvaluationState {
    var annotations = Annotations()
    /// Nil unless the caller wants it.
    var trace: EvaluationTrace?
    /// Samples held by values that are still needed.
    private(set) var samples = 0
    private(set) var peakSamples = 0
    private let maxSamples: Int
    private let deadline: ContinuousClock.Instant?

    init(_ options: EngineOptions) {
        maxSamples = options.maxSamples
        deadline = options.deadline
        trace = options.isTraced ? EvaluationTrace() : nil
    }

    /// Sets the number of samples in memory.
    mutating func hold(_ count: Int) throws(EvaluationError) {
        samples = count
        peakSamples = max(peakSamples, count)
        if count > maxSamples { throw .tooManySamples }
    }

    /// Checks that a column of so many steps may be made at all, before any is.
    func refuse(steps: Int) throws(EvaluationError) {
        if steps > maxSamples { throw .tooManySamples }
    }

    /// Fails when the caller has gone or the time is up.
    func check() throws(EvaluationError) {
        if Task.isCancelled { throw .canceled("query was canceled in expression evaluation") }
        if let deadline, ContinuousClock.now >= deadline {
            throw .timeout("query timed out in expression evaluation")
        }
    }
}

extension EvaluationError {
    fileprivate static let tooManySamples = EvaluationError.execution(
        "query processing would load too many samples into memory in query execution")
}
