import Glibc
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket
import Synchronization

/// A connection of HTTP/1 whose task is cancelled soon after the client has gone, so that whatever a
/// handler awaits (a member's answer above all) is given up too.
struct WatchedConnection: ServerChildChannel {
    typealias Connection = NIOAsyncChannel<RequestPart, ResponsePart>
    typealias Output = NIOAsyncChannelOutboundWriter<ResponsePart>

    struct Value: ServerChildChannelValue {
        let accepted: Accepted
        let gone: EventLoopFuture<Void>
        var channel: any Channel { accepted.channel }
    }

    /// A connection up to the task that serves it. A server that is cancelled drops what it has
    /// accepted and not begun to serve; a connection that is dropped without its end would trap.
    final class Accepted: Sendable {
        private let connection: Connection
        private let isTaken = Atomic(false)
        var channel: any Channel { connection.channel }

        init(_ connection: Connection) { self.connection = connection }

        /// The connection, whose end is the caller's to make.
        func take() -> Connection {
            isTaken.store(true, ordering: .relaxed)
            return connection
        }

        deinit {
            guard !isTaken.load(ordering: .relaxed) else { return }
            Task { [connection] in try? await connection.executeThenClose { _, _ in } }
        }
    }

    /// What an exchange leaves behind.
    enum Outcome {
        case goesOn
        /// Its answer was the last.
        case ends
    }

    /// The answer cannot be ended in a way that its client takes for whole.
    struct BrokenOff: Error {
        var cause: any Error
    }

    /// How long a client that is being left may still send: closing on bytes that were not read
    /// would take the answer away from it.
    private static let leaveTaking = TimeAmount.seconds(1)

    let limits: ServerLimits
    let connections: Connections
    let tls: (@Sendable () -> NIOSSLContext)?
    let executors: ConnectionExecutors
    let exchange:
        @Sendable (RequestHead, inout RequestBody, Output, ConnectionWork) async throws -> Outcome
    let refuse: @Sendable (MalformedRequest, Output) async throws -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let gone = channel.eventLoop.makePromise(of: Void.self)
            let operations = channel.pipeline.syncOperations
            let begin = tls == nil ? ConnectionPace.Phase.idle : .handshake
            let place = connections.enter(channel, begin)
            if let place { channel.closeFuture.whenComplete { _ in place.leave() } }
            if let tls { try operations.addHandler(NIOSSLServerHandler(context: tls())) }
            try operations.addHandler(HTTPResponseEncoder())
            try operations.addHandler(
                ConnectionHandler(gone: gone, place: place, begin, limits: limits))
            let connection = try Connection(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true))
            if place == nil { channel.close(promise: nil) }
            return Value(accepted: Accepted(connection), gone: gone.futureResult)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let connection = value.accepted.take()
        let handle = ConnectionWork()
        let work = Task(executorPreference: executors.next()) {
            await serve(connection, handle, logger)
        }
        handle.begin(work)
        value.gone.whenComplete { _ in work.cancel() }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
    }

    private func serve(
        _ connection: Connection, _ work: ConnectionWork, _ logger: Logger
    ) async {
        let channel = connection.channel
        do {
            try await connection.executeThenClose { inbound, outbound in
                var body = RequestBody(parts: inbound.makeAsyncIterator())
                do {
                    try await answerRequests(&body, outbound, work)
                } catch let error as BrokenOff {
                    // Without chunks a client could take the end of the connection for the end of
                    // the answer, so the connection is reset.
                    let reset = linger(l_onoff: 1, l_linger: 0)
                    try? await (channel as? any SocketOptionProvider)?.setSoLinger(reset).get()
                    try? await channel.close()
                    throw error
                }
                outbound.finish()
                let end = channel.eventLoop.scheduleTask(in: Self.leaveTaking) {
                    channel.close(promise: nil)
                }
                defer { end.cancel() }
                try await withTaskCancellationHandler {
                    try await channel.closeFuture.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            }
        } catch {
            // The client has gone, or an answer broke off.
            logger.trace("connection ended: \(error)")
        }
    }

    /// Answers one request after the other, until one is the last or the client asks no more.
    private func answerRequests(
        _ body: inout RequestBody, _ outbound: Output, _ work: ConnectionWork
    ) async throws {
        while let part = try await body.nextHead() {
            switch part {
            case .malformed(let error):
                try await refuse(error, outbound)
                return
            case .head(let head):
                switch try await exchange(head, &body, outbound, work) {
                case .goesOn: continue
                case .ends: return
                }
            case .body, .end, .frame:
                continue
            }
        }
    }
}

/// The task that serves a connection, for those that must end it.
final class ConnectionWork: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)

    func begin(_ work: Task<Void, Never>) { task.withLock { $0 = work } }

    func cancel() { task.withLock { $0 }?.cancel() }
}

/// Gives connections their executors in turn.
final class ConnectionExecutors: Sendable {
    private let all: [any TaskExecutor]
    private let count = Atomic(0)

    init(_ all: [any TaskExecutor]) { self.all = all }

    /// nil for the pool, where there are none.
    func next() -> (any TaskExecutor)? {
        if all.isEmpty { return nil }
        return all[count.wrappingAdd(1, ordering: .relaxed).oldValue % all.count]
    }
}

/// The parts of a connection, of which a request's body is what comes up to its end.
struct RequestBody {
    private var parts: NIOAsyncChannelInboundStream<RequestPart>.AsyncIterator
    private var hasEnded = true

    init(parts: consuming NIOAsyncChannelInboundStream<RequestPart>.AsyncIterator) {
        self.parts = parts
    }

    /// The next request's head, or why there is none. What was not read of the body before is
    /// passed over.
    ///
    /// - Returns: nil when the client asks no more.
    mutating func nextHead() async throws -> RequestPart? {
        while !hasEnded {
            do {
                _ = try await next()
            } catch is MalformedRequest {
                // Its request has been answered.
                return nil
            }
        }
        let part = try await parts.next()
        if case .head = part { hasEnded = false }
        return part
    }

    /// The next piece; nil at the end of the body.
    ///
    /// - Throws: `MalformedRequest` when the body does not come wholly.
    mutating func next() async throws -> [UInt8]? {
        guard !hasEnded else { return nil }
        switch try await parts.next() {
        case .body(let piece):
            return piece
        case .malformed(let error):
            hasEnded = true
            throw error
        case .head, .end, .frame, nil:
            hasEnded = true
            return nil
        }
    }

    /// The next frame of a connection that speaks WebSocket; nil when the client has gone.
    mutating func nextFrame() async throws -> WebSocketFrame? {
        while let part = try await parts.next() {
            if case .frame(let frame) = part { return frame }
        }
        return nil
    }
}
