import GoText
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// How many connections of clients are open, for metrics.
public final class ConnectionCount: Sendable {
    private let count = Atomic(0)

    public init() {}

    /// Accepted and not closed.
    public var open: Int { count.load(ordering: .relaxed) }

    fileprivate func add(_ more: Int) { count.add(more, ordering: .relaxed) }
}

/// The connections of all clients, and which of them leave for new ones.
///
/// Of `limits.connections` places the last is kept free: a connection that takes it makes the one
/// leave that has waited longest for its client. One whose request is whole never has to leave; while
/// all are such, further clients wait in the listen queue. A client with too many connections loses
/// its own in the same way, and gets no further one while all of them are in use.
final class Connections: Sendable {
    /// Told to a connection that is to leave. It answers with `Place.stays` when it has got a
    /// request meanwhile.
    struct Leave: Sendable {}

    struct Place: Sendable {
        fileprivate let connections: Connections
        fileprivate let index: Int

        func note(_ phase: ConnectionPace.Phase) { connections.note(phase, at: index) }

        func stays() { connections.stays(index) }

        func leave() { connections.leave(index) }
    }

    private struct Slot {
        var channel: (any Channel)?
        var client: ClientAddress?
        var phase = ConnectionPace.Phase.idle
        /// From here on it counts as waiting for its client.
        var since = NIODeadline.now()
        var isLeaving = false
    }

    private struct State {
        var slots: [Slot] = []
        var free: [Int] = []
        /// Accepted and not closed, whether they have a place yet or not.
        var open = 0
        /// How many of them were told to leave.
        var leaving = 0
        /// Those that stay.
        var byClient: [ClientAddress: Int] = [:]
        var lastWarning: NIODeadline?
    }

    /// What has just begun has this time to go on before it may have to leave.
    private static let settling = TimeAmount.seconds(1)
    private static let betweenWarnings = TimeAmount.minutes(1)

    private let most: Int
    private let mostOfClient: Int
    private let logger: Logger
    private let state = Mutex(State())

    private let count: ConnectionCount

    init(limits: ServerLimits, logger: Logger, count: ConnectionCount = ConnectionCount()) {
        self.count = count
        most = limits.connections
        mostOfClient = limits.connectionsPerClient
        self.logger = logger
    }

    // MARK: One connection

    /// Gives a new connection its place.
    ///
    /// - Returns: nil when its client has too many.
    func enter(_ channel: any Channel, _ phase: ConnectionPace.Phase) -> Place? {
        let client = ClientAddress(channel.remoteAddress)
        let now = NIODeadline.now()
        var slot = Slot(channel: channel, client: client, phase: phase)
        slot.since = now + Self.settling
        let entry: (index: Int, leaving: (any Channel)?)? = state.withLock { state in
            var leaving: (any Channel)?
            if let client, state.byClient[client, default: 0] >= mostOfClient {
                guard let other = Self.longestWaiting(in: state, of: client, at: now) else {
                    return nil
                }
                leaving = Self.tellToLeave(other, &state)
            }
            if let client { state.byClient[client, default: 0] += 1 }
            guard let index = state.free.popLast() else {
                state.slots.append(slot)
                return (state.slots.count - 1, leaving)
            }
            state.slots[index] = slot
            return (index, leaving)
        }
        guard let entry else {
            warn("a client has limits.maxConnectionsPerClient connections in use; it gets no more")
            return nil
        }
        if let leaving = entry.leaving { leaving.pipeline.fireUserInboundEventTriggered(Leave()) }
        makeRoom()
        // The newcomers may be all that can leave, once they have had their time.
        if isFull { channel.eventLoop.scheduleTask(in: Self.settling) { self.makeRoom() } }
        return Place(connections: self, index: entry.index)
    }

    private func note(_ phase: ConnectionPace.Phase, at index: Int) {
        let now = NIODeadline.now()
        let isFull = state.withLock { state in
            state.slots[index].phase = phase
            state.slots[index].since = phase == .idle ? now : now + Self.settling
            return Self.lacksRoom(state, most)
        }
        if isFull, Self.mayLeave(phase) { makeRoom() }
    }

    private func stays(_ index: Int) {
        state.withLock { state in
            guard state.slots[index].isLeaving else { return }
            state.slots[index].isLeaving = false
            state.leaving = max(0, state.leaving - 1)
            if let client = state.slots[index].client {
                state.byClient[client, default: 0] += 1
            }
        }
        makeRoom()
    }

    private func leave(_ index: Int) {
        state.withLock { state in
            let slot = state.slots[index]
            if let client = slot.client, !slot.isLeaving {
                let left = state.byClient[client, default: 1] - 1
                state.byClient[client] = left == 0 ? nil : left
            }
            state.slots[index] = Slot()
            state.free.append(index)
        }
    }

    // MARK: Room

    /// Whether a further connection may be accepted.
    fileprivate var accepts: Bool { state.withLock { $0.open < most } }

    private var isFull: Bool { state.withLock { Self.lacksRoom($0, most) } }

    fileprivate func opened() {
        count.add(1)
        state.withLock { $0.open += 1 }
    }

    fileprivate func closed() {
        count.add(-1)
        state.withLock { state in
            state.open -= 1
            // Room was made, whichever connection it was.
            state.leaving = max(0, state.leaving - 1)
        }
    }

    /// Whether the last place is taken, and no other will be free soon.
    private static func lacksRoom(_ state: State, _ most: Int) -> Bool {
        state.open - state.leaving > most - 1
    }

    private func makeRoom() {
        let now = NIODeadline.now()
        var leaving: [any Channel] = []
        state.withLock { state in
            while Self.lacksRoom(state, most),
                let index = Self.longestWaiting(in: state, of: nil, at: now),
                let channel = Self.tellToLeave(index, &state)
            {
                leaving.append(channel)
            }
        }
        if leaving.isEmpty { return }
        warn("all limits.maxConnections are open; those without a request are closed for new ones")
        for channel in leaving { channel.pipeline.fireUserInboundEventTriggered(Leave()) }
    }

    private static func tellToLeave(_ index: Int, _ state: inout State) -> (any Channel)? {
        state.slots[index].isLeaving = true
        state.leaving += 1
        if let client = state.slots[index].client {
            let left = state.byClient[client, default: 1] - 1
            state.byClient[client] = left == 0 ? nil : left
        }
        return state.slots[index].channel
    }

    static func mayLeave(_ phase: ConnectionPace.Phase) -> Bool {
        switch phase {
        case .handshake, .idle, .head: true
        case .body, .answering: false
        }
    }

    /// Of those that may leave: one that asks nothing, before one that has begun to.
    private static func longestWaiting(
        in state: State, of client: ClientAddress?, at now: NIODeadline
    ) -> Int? {
        var found: Int?
        var (foundHasBegun, foundSince) = (true, NIODeadline.distantFuture)
        for index in state.slots.indices {
            let (phase, since) = (state.slots[index].phase, state.slots[index].since)
            guard mayLeave(phase), since <= now, !state.slots[index].isLeaving,
                state.slots[index].channel != nil,
                client == nil || state.slots[index].client == client
            else { continue }
            let hasBegun = phase == .head
            if (hasBegun ? 1 : 0, since) < (foundHasBegun ? 1 : 0, foundSince) {
                (found, foundHasBegun, foundSince) = (index, hasBegun, since)
            }
        }
        return found
    }

    private func warn(_ text: String) {
        let now = NIODeadline.now()
        let isDue = state.withLock { state in
            if let last = state.lastWarning, now - last < Self.betweenWarnings { return false }
            state.lastWarning = now
            return true
        }
        if isDue { logger.warning("\(text)") }
    }
}

/// Lets the server accept while there is room.
struct ConnectionRoom: AvailableConnectionsDelegate {
    let connections: Connections

    mutating func connectionOpened() { connections.opened() }

    mutating func connectionClosed() { connections.closed() }

    func isAcceptingNewConnections() -> Bool { connections.accepts }
}

/// What tells clients apart: an IPv4 address, or the 64 bits of an IPv6 address that name a network,
/// since one machine has all the addresses of it.
struct ClientAddress: Hashable, Sendable {
    private let bytes: UInt64
    private let isIPv4: Bool

    /// nil for what has no IP address.
    init?(_ address: SocketAddress?) {
        guard let address else { return nil }
        // Behind family and port, and in IPv6 the flow.
        let start: Int
        let count: Int
        switch address {
        case .v4: (start, count) = (4, 4)
        case .v6: (start, count) = (8, 16)
        case .unixDomainSocket: return nil
        }
        let all = address.withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size)[start..<start + count])
        }
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
        isIPv4 = count == 4 || all.starts(with: mapped)
        bytes = (isIPv4 ? all.suffix(4) : all.prefix(8)).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// How long a connection may go on with what it does. Times are given, and none is taken here.
struct ConnectionPace {
    enum Phase: Equatable, Sendable {
        /// TLS is not agreed on.
        case handshake
        /// Between two requests.
        case idle
        /// A request's head has begun, and nothing else is under way.
        case head
        /// A request's body is being waited for, and nothing else is under way.
        case body
        case answering
    }

    /// The least of a body that a client sends in `headTimeout`, unless it sends the end of it.
    static let leastBodyBytes = 16 * 1024

    private let idleTime: TimeAmount
    private let requestTime: TimeAmount
    private(set) var phase: Phase
    /// When the phase began, or was last seen to go on.
    private var since: NIODeadline
    private var bodyBytes = 0
    /// Bytes of the answer that the client did not take; nil while it takes them.
    private var untaken: Int?

    init(_ phase: Phase, limits: ServerLimits, at now: NIODeadline) {
        idleTime = .nanoseconds(limits.idleTimeout.wholeNanoseconds)
        requestTime = .nanoseconds(limits.headTimeout.wholeNanoseconds)
        self.phase = phase
        since = now
    }

    mutating func enter(_ next: Phase, at now: NIODeadline) {
        guard next != phase else { return }
        phase = next
        goOn(at: now)
    }

    /// The phase has its whole time again.
    mutating func goOn(at now: NIODeadline) {
        since = now
        bodyBytes = 0
    }

    mutating func took(bodyBytes count: Int, at now: NIODeadline) {
        guard phase == .body else { return }
        bodyBytes += count
        if bodyBytes >= Self.leastBodyBytes { goOn(at: now) }
    }

    /// - Parameter untaken: Bytes of an answer that wait for the client; nil when it takes all that
    ///   there is.
    mutating func isWaiting(with untaken: Int?, at now: NIODeadline) {
        if phase == .answering, let untaken, untaken < self.untaken ?? .max { since = now }
        self.untaken = untaken
    }

    /// When the connection has had its time. nil: it may go on.
    var deadline: NIODeadline? {
        switch phase {
        case .idle: since + idleTime
        case .handshake, .head, .body: since + requestTime
        case .answering: untaken == nil ? nil : since + idleTime
        }
    }
}
