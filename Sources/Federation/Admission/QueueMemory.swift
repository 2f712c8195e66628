import PrometheusServer
import PrometheusWire
import Synchronization

/// Bounds what queries under way cost besides the answers they hold: the request, its syntax tree,
/// and the texts that members are sent. How many there are is bounded by nothing else; their
/// deadlines end them.
public final class QueueMemory: Sendable {
    /// Bytes that the smallest query costs, with the tasks that serve it.
    private static let perQuery = 16 << 10
    /// Bytes that a request to a member costs besides its text.
    private static let perFetch = 2 << 10

    private struct State {
        var bytes = 0
        var queries = 0
        var refused = 0
    }

    private let limit: Int
    private let budget: MemoryBudget
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: Bytes of all queries under way.
    ///   - budget: What these bytes are part of.
    init(limit: Int, within budget: MemoryBudget) {
        self.limit = limit
        self.budget = budget
    }

    /// Queries under way, and what they cost in bytes.
    var load: (queries: Int, bytes: Int) { state.withLock { ($0.queries, $0.bytes) } }

    /// How often there was no room for a query.
    var refused: Int { state.withLock { $0.refused } }

    /// A query under way. Dropping it ends its cost.
    public final class Admission: Sendable {
        private let memory: QueueMemory
        private let bytes = Mutex(0)
        private let loan: MemoryBudget.Loan
        private let place = Mutex<ClientPlaces.Place?>(nil)

        fileprivate init(_ memory: QueueMemory) {
            self.memory = memory
            loan = memory.budget.loan()
        }

        deinit {
            let bytes = bytes.withLock { $0 }
            memory.state.withLock { state in
                state.bytes -= bytes
                state.queries -= 1
            }
        }

        /// Keeps the client's place for as long as the query is under way.
        func keep(_ place: ClientPlaces.Place) { self.place.withLock { $0 = place } }

        /// Adds what the plan of the query costs.
        ///
        /// - Throws: when there is no room for it.
        func add(_ plan: Plan) throws(APIError) {
            try add(
                plan.fetches.reduce(0) { $0 + $1.text.utf8.count + QueueMemory.perFetch })
        }

        fileprivate func add(_ more: Int) throws(APIError) {
            let fits = memory.state.withLock { state in
                guard state.bytes + more <= memory.limit else {
                    state.refused += 1
                    return false
                }
                state.bytes += more
                return true
            }
            guard fits else {
                throw APIError(
                    .unavailable, "too many queries are under way (limits.maxQueueMemory)")
            }
            bytes.withLock { $0 += more }
            guard loan.lend(more) else { throw .noMemory }
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
