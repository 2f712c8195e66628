/// Bounds how many queries compute at once: decode, merge, evaluate. A query holds a place for a
/// piece of such work and never while it waits for members, so that a member that hangs takes no
/// place from anybody. The others wait in the order of arrival.
final class QuerySlots: Sendable {
    private struct Rules: TurnRules {
        let limit: Int
        var running = 0

        mutating func admit(_ ticket: Void, isFirst: Bool) -> Bool {
            guard isFirst, running < limit else { return false }
            running += 1
            return true
        }
    }

    private let line: WaitingLine<Rules>

    init(limit: Int) { line = WaitingLine(Rules(limit: max(1, limit))) }

    /// Pieces of work that have a place, and those that wait for one.
    var load: (running: Int, waiting: Int) {
        let (rules, waiting) = line.snapshot
        return (rules.running, waiting)
    }

    /// Waits for a place, runs the work, and passes the place on. The work cannot wait for anything.
    ///
    /// - Throws: `NoTurn` when there was no place in time; what the work throws.
    func compute<T>(
        until deadline: ContinuousClock.Instant, _ work: () throws -> T
    ) async throws -> T {
        try await take(until: deadline)
        defer { give() }
        return try work()
    }

    /// Returns with a place, which is to be given back.
    func take(until deadline: ContinuousClock.Instant) async throws(NoTurn) {
        try await line.enter((), until: deadline)
    }

    func give() { line.change { $0.running -= 1 } }
}
