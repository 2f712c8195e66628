import PrometheusServer
import PrometheusWire
import Synchronization
import Upstream

/// Bounds the bytes of members' answers that queries hold until they are computed, all queries
/// together. A query that needs more than is left waits for others to end, and the members it reads
/// from wait with it.
///
/// Two exceptions keep the waiting short. Every query may hold a small answer, however much others
/// hold. And one query at a time, the one that waits longest, may go beyond the bound until it ends:
/// else queries that all hold a part would wait for each other.
final class AnswerMemory: Sendable {
    /// Bytes that a query may hold whatever others hold.
    static let allowance = 256 << 10

    private struct Rules: TurnRules {
        struct Ticket {
            var holder: UInt64
            var bytes: Int
        }

        let limit: Int
        var used = 0
        var nextHolder: UInt64 = 0
        private var held: [UInt64: Int] = [:]
        private var beyond: UInt64?

        init(limit: Int) { self.limit = limit }

        mutating func admit(_ ticket: Ticket, isFirst: Bool) -> Bool {
            let own = held[ticket.holder] ?? 0
            let fits =
                own + ticket.bytes <= AnswerMemory.allowance || beyond == ticket.holder
                || (isFirst && used + ticket.bytes <= limit)
            if !fits {
                guard isFirst, beyond == nil else { return false }
                beyond = ticket.holder
            }
            held[ticket.holder] = own + ticket.bytes
            used += ticket.bytes
            return true
        }

        mutating func release(_ holder: UInt64) {
            used -= held.removeValue(forKey: holder) ?? 0
            if beyond == holder { beyond = nil }
        }
    }

    private let line: WaitingLine<Rules>

    init(limit: Int) { line = WaitingLine(Rules(limit: limit)) }

    /// Bytes that are held.
    var used: Int { line.snapshot.rules.used }

    /// What one query holds. Dropping it gives everything back.
    final class Holder: Sendable {
        private let memory: AnswerMemory
        private let id: UInt64

        fileprivate init(_ memory: AnswerMemory, _ id: UInt64) {
            self.memory = memory
            self.id = id
        }

        deinit { release() }

        /// Returns once so many bytes more may be held.
        func add(_ bytes: Int, until deadline: ContinuousClock.Instant) async throws(NoTurn) {
            try await memory.line.enter(
                Rules.Ticket(holder: id, bytes: bytes), until: deadline)
        }

        /// Gives everything back.
        func release() {
            let id = id
            memory.line.change { $0.release(id) }
        }
    }

    func holder() -> Holder {
        var id: UInt64 = 0
        line.change {
            $0.nextHolder += 1
            id = $0.nextHolder
        }
        return Holder(self, id)
    }
}

/// Bounds what queries under way cost besides the answers they hold: the request, its syntax tree,
/// and the texts that members are sent. How many there are is bounded by nothing else; their
/// deadlines end them.
public final class RequestMemory: Sendable {
    /// Bytes that the smallest query costs, with the tasks that serve it.
    private static let perQuery = 16 << 10
    /// Bytes that a request to a member costs besides its text.
    private static let perFetch = 2 << 10

    private struct State {
        var bytes = 0
        var queries = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Queries under way, and what they cost in bytes.
    var load: (queries: Int, bytes: Int) { state.withLock { ($0.queries, $0.bytes) } }

    /// A query under way. Dropping it ends its cost.
    public final class Admission: Sendable {
        private let memory: RequestMemory
        private let bytes = Mutex(0)

        fileprivate init(_ memory: RequestMemory) { self.memory = memory }

        deinit {
            let bytes = bytes.withLock { $0 }
            memory.state.withLock { state in
                state.bytes -= bytes
                state.queries -= 1
            }
        }

        /// Adds what the plan of the query costs.
        ///
        /// - Throws: when there is no room for it.
        func add(_ plan: Plan) throws(APIError) {
            try add(
                plan.fetches.reduce(0) { $0 + $1.text.utf8.count + RequestMemory.perFetch })
        }

        fileprivate func add(_ more: Int) throws(APIError) {
            let fits = memory.state.withLock { state in
                guard state.bytes + more <= memory.limit else { return false }
                state.bytes += more
                return true
            }
            guard fits else {
                throw APIError(
                    .unavailable, "too many queries are under way (limits.maxQueueMemory)")
            }
            bytes.withLock { $0 += more }
        }
    }

    /// - Throws: when there is no room for the request.
    public func admit(_ request: PrometheusRequest) throws(APIError) -> Admission {
        state.withLock { $0.queries += 1 }
        let admission = Admission(self)
        // Parameters are kept as they came and decoded.
        let written = request.body.count + request.rawQuery.utf8.count
        try admission.add(Self.perQuery + 2 * written)
        return admission
    }
}
