import GoText

/// Who asks. What one client wants takes turns with what the others want.
public enum ClientIdentity: Sendable, Hashable {
    /// The token of that name.
    case token(String)
    /// The API key of a project.
    case key(project: String)
    /// A project, of those who ask without a credential.
    case project(String)
}

/// Chooses who has the next of a number of places.
///
/// Between clients it is start-time fair queueing: the client with the least service has the next
/// place. Service is the time in places. A client without waiting tasks begins at the virtual time,
/// the service of the client that had a place last: time in which it asked for nothing gives it no
/// credit.
///
/// Within a client the task with the least rank is first, and every fourth place is for the one that
/// waits longest, so that all of them get one.
///
/// Pure: the time comes in.
struct FairOrder: Sendable {
    typealias Ticket = UInt64

    private struct Client {
        var service: Duration
        var running = 0
        /// Until when the time in places is part of `service`.
        var counted: MonotonicInstant
        var grants = 0
        var waiting = RankedTickets()

        var isIdle: Bool { running == 0 && waiting.isEmpty }

        /// Gives no credit for the time in which nothing of it waited.
        mutating func arrive(at virtualTime: Duration) {
            if waiting.isEmpty { service = max(service, virtualTime) }
        }

        mutating func count(until now: MonotonicInstant) {
            if running > 0 { service += counted.duration(to: now) * running }
            counted = now
        }
    }

    let places: Int
    private(set) var running = 0
    private(set) var waiting = 0
    private var clients: [ClientIdentity: Client] = [:]
    private var virtualTime = Duration.zero

    /// At least one place.
    init(places: Int) { self.places = max(1, places) }

    /// Clients that have a place, wait for one, or had more than their share.
    var clientsKnown: Int { clients.count }

    /// Whether a client has a place from now on. While a place is free, no task waits.
    mutating func takeFree(_ client: ClientIdentity, at now: MonotonicInstant) -> Bool {
        guard running < places else { return false }
        running += 1
        let virtualTime = virtualTime
        let service = change(client, at: now) { one in
            one.arrive(at: virtualTime)
            one.running += 1
            return one.service
        }
        self.virtualTime = max(virtualTime, service)
        return true
    }

    /// Puts a task in line.
    ///
    /// - Parameter ticket: greater than all before it.
    mutating func wait(
        _ client: ClientIdentity, rank: Int, ticket: Ticket, at now: MonotonicInstant
    ) {
        waiting += 1
        let virtualTime = virtualTime
        change(client, at: now) { one in
            one.arrive(at: virtualTime)
            one.waiting.insert(ticket, rank: rank)
        }
    }

    /// Takes a task out of the line, unless it has a place already.
    mutating func leave(_ client: ClientIdentity, _ ticket: Ticket, at now: MonotonicInstant) {
        let hasLeft = change(client, at: now) { $0.waiting.remove(ticket) }
        if hasLeft { waiting -= 1 }
        forget(client)
    }

    /// Takes a client's place back.
    ///
    /// - Returns: the task that has it now; nil where none waits.
    mutating func give(_ client: ClientIdentity, at now: MonotonicInstant) -> Ticket? {
        running -= 1
        change(client, at: now) { $0.running -= 1 }
        guard let next = next(at: now) else {
            if running == 0 {
                // All places are free, so that all clients begin anew.
                clients.removeAll(keepingCapacity: true)
                virtualTime = .zero
            } else {
                forget(client)
            }
            return nil
        }
        running += 1
        waiting -= 1
        let granted = change(next, at: now) { one in
            one.running += 1
            one.grants += 1
            let ticket = one.waiting.next(isOldest: one.grants % Self.ageing == 0)
            return (ticket, one.service)
        }
        if granted.1 > virtualTime {
            virtualTime = granted.1
            for known in clients.keys { forget(known) }
        }
        return granted.0
    }

    /// The client whose task is next: of those with equal service the one with fewer places, then
    /// the one whose oldest task came first.
    private mutating func next(at now: MonotonicInstant) -> ClientIdentity? {
        guard waiting > 0 else { return nil }
        var best: (identity: ClientIdentity, key: (Duration, Int, Ticket))?
        for (identity, one) in clients {
            guard let oldest = one.waiting.oldest else { continue }
            var one = one
            one.count(until: now)
            let key = (one.service, one.running, oldest)
            if let known = best, known.key <= key { continue }
            best = (identity, key)
        }
        return best?.identity
    }

    @discardableResult
    private mutating func change<Value>(
        _ client: ClientIdentity, at now: MonotonicInstant, _ body: (inout Client) -> Value
    ) -> Value {
        // In place: a copy would copy the tickets.
        func apply(_ one: inout Client) -> Value {
            one.count(until: now)
            return body(&one)
        }
        return apply(&clients[client, default: Client(service: virtualTime, counted: now)])
    }

    /// Drops a client of which nothing needs to be known: as a new one it would be where it is.
    private mutating func forget(_ client: ClientIdentity) {
        guard let one = clients[client], one.isIdle, one.service <= virtualTime else { return }
        clients[client] = nil
    }

    /// Of so many places one is for the task that waits longest.
    private static let ageing = 4
}

/// Tickets of tasks that wait, by rank and by age. Those that leave are dropped from both orders
/// later, when they are half of them.
private struct RankedTickets: Sendable {
    private var ranks: [FairOrder.Ticket: Int] = [:]
    /// A heap, the least rank first; of equal ranks the oldest.
    private var byRank: [Entry] = []
    /// From `first` on in the order of arrival.
    private var byAge: [FairOrder.Ticket] = []
    private var first = 0

    private struct Entry: Comparable {
        var rank: Int
        var ticket: FairOrder.Ticket

        static func < (a: Entry, b: Entry) -> Bool { (a.rank, a.ticket) < (b.rank, b.ticket) }
    }

    var isEmpty: Bool { ranks.isEmpty }
    var oldest: FairOrder.Ticket? { ranks.isEmpty ? nil : byAge[first] }

    mutating func insert(_ ticket: FairOrder.Ticket, rank: Int) {
        ranks[ticket] = rank
        byAge.append(ticket)
        byRank.append(Entry(rank: rank, ticket: ticket))
        var child = byRank.count - 1
        while child > 0, byRank[child] < byRank[(child - 1) / 2] {
            byRank.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the one that waits longest, or the one with the least rank.
    mutating func next(isOldest: Bool) -> FairOrder.Ticket? {
        guard let next = isOldest ? oldest : byRank.first?.ticket else { return nil }
        remove(next)
        return next
    }

    /// Whether it was there.
    @discardableResult
    mutating func remove(_ ticket: FairOrder.Ticket) -> Bool {
        guard ranks.removeValue(forKey: ticket) != nil else { return false }
        // The first of both orders are tickets that wait.
        while first < byAge.count, ranks[byAge[first]] == nil { first += 1 }
        while let least = byRank.first, ranks[least.ticket] == nil { removeLeast() }
        if byAge.count > 2 * ranks.count + 32 || byRank.count > 2 * ranks.count + 32 {
            byAge = byAge[first...].filter { ranks[$0] != nil }
            first = 0
            // What is sorted is a heap.
            byRank = byRank.filter { ranks[$0.ticket] != nil }.sorted()
        }
        return true
    }

    private mutating func removeLeast() {
        let last = byRank.removeLast()
        if byRank.isEmpty { return }
        byRank[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < byRank.count && byRank[child] < byRank[least] {
                least = child
            }
            if least == parent { return }
            byRank.swapAt(parent, least)
            parent = least
        }
    }
}
