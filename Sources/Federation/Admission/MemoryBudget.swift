import PromQLEngine
import PrometheusServer
import Synchronization
import Upstream

/// The memory that the gateway lends to what it does: answers of members while they are read, merged
/// and computed, columns of the engine, requests and the answers that clients read slowly. A query
/// that needs more than is left waits for others to end, and the members it reads from wait with it;
/// where waiting is of no use, it is refused.
///
/// - Every query may hold a small answer without waiting in the line, as long as there is memory.
/// - A quarter is kept for one query at a time, the one that waits longest: else queries that all
///   hold a part would wait for each other. Answers that are sent while they are made ask for
///   everything at once, and have no share in it.
/// - When all that hold memory wait for more nevertheless, the one that came last is refused.
public final class MemoryBudget: Sendable {
    /// Bytes that a query may hold without waiting in the line.
    static let allowance = 256 << 10

    private struct Rules: TurnRules {
        struct Ticket {
            var holder: UInt64
            var bytes: Int
            /// Whether nothing more will be asked for, so that it need not be helped to its end.
            var isWhole = false
        }

        let limit: Int
        private(set) var used = 0
        private(set) var peak = 0
        /// As `peak`, since it was last looked at.
        var recentPeak = 0
        var nextHolder: UInt64 = 0
        private var held: [UInt64: Int] = [:]
        private var beyond: UInt64?

        init(limit: Int) { self.limit = limit }

        /// What is lent to all but the one query that waits longest.
        private var ordinary: Int { limit - limit / 4 }

        mutating func admit(_ ticket: Ticket, isFirst: Bool) -> Bool {
            guard ticket.bytes <= limit - used else { return false }
            let own = held[ticket.holder] ?? 0
            let fits =
                own + ticket.bytes <= MemoryBudget.allowance || beyond == ticket.holder
                || (isFirst && used + ticket.bytes <= ordinary)
            if !fits {
                guard !ticket.isWhole, beyond == nil else { return false }
                beyond = ticket.holder
            }
            take(ticket)
            return true
        }

        /// Takes what is only of use, and not needed, while half of the memory is free.
        mutating func admitIfPlenty(_ ticket: Ticket) -> Bool {
            guard ticket.bytes <= limit / 2 - used else { return false }
            take(ticket)
            return true
        }

        private mutating func take(_ ticket: Ticket) {
            held[ticket.holder, default: 0] += ticket.bytes
            used += ticket.bytes
            notePeak()
        }

        func hopeless(_ waiting: some Collection<Ticket>) -> Int? {
            let tooLarge = waiting.enumerated().first { _, ticket in
                (held[ticket.holder] ?? 0) + ticket.bytes > (ticket.isWhole ? ordinary : limit)
            }
            if let tooLarge { return tooLarge.offset }
            let waits = Set(waiting.map(\.holder))
            guard held.keys.allSatisfy(waits.contains) else { return nil }
            return waiting.enumerated().filter { held[$0.element.holder] != nil }
                .max { $0.element.holder < $1.element.holder }?.offset
        }

        /// Takes for something that never waits.
        mutating func lend(_ bytes: Int) -> Bool {
            guard bytes <= limit - used else { return false }
            used += bytes
            notePeak()
            return true
        }

        mutating func giveBack(_ bytes: Int) { used -= bytes }

        private mutating func notePeak() {
            peak = max(peak, used)
            recentPeak = max(recentPeak, used)
        }

        /// Sets what is held: bytes that are there, whether they were asked for or not.
        mutating func set(_ holder: UInt64, to bytes: Int) {
            used += bytes - (held[holder] ?? 0)
            notePeak()
            held[holder] = bytes > 0 ? bytes : nil
            if beyond == holder { beyond = nil }
        }

        mutating func giveBack(_ bytes: Int, of holder: UInt64) {
            set(holder, to: max(0, (held[holder] ?? 0) - bytes))
        }
    }

    private let line: WaitingLine<Rules>
    private let refusals = Atomic(0)

    /// - Parameter limit: Bytes.
    public init(limit: Int) { line = WaitingLine(Rules(limit: limit)) }

    /// Bytes that are lent now, the most that were at once, and what there is.
    var load: (used: Int, peak: Int, limit: Int) {
        let rules = line.snapshot.rules
        return (rules.used, rules.peak, rules.limit)
    }

    /// How often something was refused, or waited in vain.
    var refused: Int { refusals.load(ordering: .relaxed) }

    /// The most bytes that were lent at once since the last call.
    func takeRecentPeak() -> Int {
        line.attempt { rules in
            defer { rules.recentPeak = rules.used }
            return rules.recentPeak
        }
    }

    /// What one query, or another request, holds. Dropping it gives everything back.
    public final class Holder: Sendable, EvaluationMemory {
        private let budget: MemoryBudget
        private let id: UInt64

        fileprivate init(_ budget: MemoryBudget, _ id: UInt64) {
            self.budget = budget
            self.id = id
        }

        deinit { release() }

        /// Returns once so many bytes more may be held.
        ///
        /// - Parameter isWhole: whether nothing more will be asked for. Such answers have no share in
        ///   the quarter that is kept, as their clients may be slow.
        /// - Throws: `.refused` when they will not be had, `.timedOut` when they were not in time.
        func add(
            _ bytes: Int, isWhole: Bool = false, until deadline: ContinuousClock.Instant
        ) async throws(NoLoan) {
            do throws(NoLoan) {
                try await budget.line.enter(
                    Rules.Ticket(holder: id, bytes: bytes, isWhole: isWhole), until: deadline)
            } catch {
                switch error {
                case .refused, .timedOut: budget.refusals.add(1, ordering: .relaxed)
                case .cancelled: break
                }
                throw error
            }
        }

        /// Takes so many bytes more if they are to be had at once.
        public func lend(_ bytes: Int) -> Bool {
            budget.line.attempt { $0.admit(Rules.Ticket(holder: id, bytes: bytes), isFirst: true) }
        }

        /// Takes so many bytes more while there is much more than is needed.
        func lendIfPlenty(_ bytes: Int) -> Bool {
            budget.line.attempt { $0.admitIfPlenty(Rules.Ticket(holder: id, bytes: bytes)) }
        }

        /// Holds so many bytes and no more, as they are all that is there.
        func keep(_ bytes: Int) {
            let id = id
            budget.line.change { $0.set(id, to: bytes) }
        }

        func giveBack(_ bytes: Int) {
            let id = id
            budget.line.change { $0.giveBack(bytes, of: id) }
        }

        /// Gives everything back.
        func release() { keep(0) }
    }

    public func holder() -> Holder {
        let id = line.attempt { rules in
            rules.nextHolder += 1
            return rules.nextHolder
        }
        return Holder(self, id)
    }

    /// What something holds that never waits for memory, such as the body of a request. Dropping it
    /// gives everything back.
    public final class Loan: BodyLoan {
        private let budget: MemoryBudget
        private let bytes = Mutex(0)

        fileprivate init(_ budget: MemoryBudget) { self.budget = budget }

        deinit {
            let bytes = bytes.withLock { $0 }
            if bytes > 0 { budget.line.change { $0.giveBack(bytes) } }
        }

        /// Takes so many bytes more if they are to be had at once.
        public func lend(_ more: Int) -> Bool {
            guard budget.line.attempt({ $0.lend(more) }) else { return false }
            bytes.withLock { $0 += more }
            return true
        }
    }

    public func loan() -> Loan { Loan(self) }
}
