import GoText

extension MemberClient {
    /// Whether a request made now would be refused without asking, because the member kept failing.
    /// Once a pause is over this is false again, so that somebody finds out whether it is back.
    public var isResting: Bool {
        state.withLock { $0.breaker.refuses(at: MonotonicClock.milliseconds()) }
    }

    /// Whether a request is under way that finds out whether the member is back; others wait for
    /// what comes of it.
    public var isBeingProbed: Bool {
        state.withLock { if case .halfOpen = $0.breaker.state { true } else { false } }
    }
}
