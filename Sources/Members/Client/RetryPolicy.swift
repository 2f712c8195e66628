/// When a request is sent again, and after how long. Pure.
struct RetryPolicy: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case giveUp
        case retry(afterMilliseconds: Int64)
    }

    var maximumAttempts = 2
    /// Milliseconds; the delay is drawn evenly from here.
    var delay: ClosedRange<Int64> = 5...25

    /// - Parameters:
    ///   - attempts: requests sent so far.
    ///   - remaining: milliseconds that are left.
    ///   - random: from 0 up to 1.
    func action(
        after kind: MemberFailure.Kind, attempts: Int, remaining: Int64, random: Double
    ) -> Action {
        guard kind.mayBeRetried, attempts < maximumAttempts else { return .giveUp }
        let pause =
            delay.lowerBound + Int64(Double(delay.upperBound - delay.lowerBound) * random)
        return pause < remaining ? .retry(afterMilliseconds: pause) : .giveUp
    }
}
