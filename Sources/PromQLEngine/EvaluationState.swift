/// What changes while a query is evaluated, whatever grid is being evaluated.
struct EvaluationState {
    var annotations = Annotations()
    /// Samples held by values that are still needed.
    private(set) var samples = 0
    private(set) var peakSamples = 0
    private let maxSamples: Int
    private let deadline: ContinuousClock.Instant?

    init(_ options: EngineOptions) {
        maxSamples = options.maxSamples
        deadline = options.deadline
    }

    /// Sets the number of samples in memory.
    mutating func hold(_ count: Int) throws(EvaluationError) {
        samples = count
        peakSamples = max(peakSamples, count)
        if count > maxSamples {
            throw .execution(
                "query processing would load too many samples into memory in query execution")
        }
    }

    /// Checks that `count` more samples fit, without keeping them.
    mutating func passing(_ count: Int) throws(EvaluationError) {
        let before = samples
        try hold(before + count)
        samples = before
    }

    /// Fails when the caller has gone or the time is up.
    func check() throws(EvaluationError) {
        if Task.isCancelled { throw .canceled("query was canceled in expression evaluation") }
        if let deadline, ContinuousClock.now >= deadline {
            throw .timeout("query timed out in expression evaluation")
        }
    }
}
