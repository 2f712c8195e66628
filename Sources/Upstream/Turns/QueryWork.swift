import GoText
import Synchronization

/// What one query computes, by pieces: for each of them it takes a place. A place is held while a
/// piece is computed and never while anything is waited for, so that a member that hangs, or a
/// client that reads slowly, takes no place from others.
public final class QueryWork: Sendable {
    /// Who asks.
    public let client: ClientIdentity
    private let places: FairLine
    /// When waiting for a place is of no more use.
    private let deadline: ContinuousClock.Instant
    private let isBeingSent = Atomic(false)
    /// The time in places so far, in nanoseconds. Of the queries of one client, the one that had
    /// least is first.
    private let spent = Atomic(0)

    public init(
        for client: ClientIdentity, in places: FairLine, until deadline: ContinuousClock.Instant
    ) {
        self.client = client
        self.places = places
        self.deadline = deadline
    }

    /// The answer begins to be sent. How long that takes is the client's affair, so that the
    /// deadline ends no waiting any more.
    public func answerBegins() { isBeingSent.store(true, ordering: .relaxed) }

    /// Waits for a place and runs a piece of work there; it cannot wait for anything.
    ///
    /// - Throws: `NoTurn` when there was no place in time; what the work throws.
    public func compute<Value>(
        isolation: isolated (any Actor)? = #isolation, _ work: () throws -> Value
    ) async throws -> Value {
        let start = try await enter(isolation: isolation)
        defer { leave(since: start) }
        return try work()
    }

    /// Takes a place, to be given back by `leave`.
    func enter(
        isolation: isolated (any Actor)?
    ) async throws(NoTurn) -> MonotonicInstant {
        let hasWaited = try await places.take(
            client, rank: spent.load(ordering: .relaxed),
            until: isBeingSent.load(ordering: .relaxed) ? nil : deadline, isolation: isolation)
        // All tasks that could run go first. There may be no more threads than places: then what
        // arrives would wait for a thread, in the order of arrival, and never stand in line.
        // What runs where answers arrive is short, and waits for none of these threads.
        if !hasWaited, !ThreadPool.isElsewhere, places.mustYield(at: .now) { await Task.yield() }
        return .now
    }

    func leave(since start: MonotonicInstant) {
        let time = Duration.since(start).wholeNanoseconds
        spent.add(Int(clamping: max(1, time)), ordering: .relaxed)
        places.give(client)
    }
}

/// The threads for work that may take long: what runs beside them, where connections are served and
/// answers arrive, is short.
public enum ThreadPool {
    /// Whether the task runs beside the pool.
    static var isElsewhere: Bool {
        withUnsafeCurrentTask { task in
            guard let executor = task?.unownedTaskExecutor else { return false }
            return executor != globalConcurrentExecutor.asUnownedTaskExecutor()
        }
    }

    /// Runs the rest of some work there.
    public static func run<Value, Failure: Error>(
        isolation: isolated (any Actor)? = #isolation,
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard isElsewhere else { return try await work() }
        return try await withTaskExecutorPreference(
            globalConcurrentExecutor, isolation: isolation, operation: work)
    }
}
