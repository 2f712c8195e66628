import HummingbirdCore
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import NIOSSL
import PrometheusWire
public import RequestTelemetry
public import ServiceLifecycle
import Synchronization
import UnixSignals

/// An HTTP/1 server with Prometheus's habits. One instance serves once.
///
/// A handler's task is cancelled soon after its client went away. A graceful shutdown refuses gated
/// routes (`X-Prometheus-Stopping: true`), accepts no more connections, and lets requests under way
/// end.
public struct PrometheusServer: Service {
    public var responder: PrometheusResponder
    public var host: String
    /// 0 lets the system choose one, which `onListening` then reports.
    public var port: Int
    public var limits: ServerLimits
    /// What each new connection speaks TLS with; nil for plain HTTP.
    public var tls: (@Sendable () -> NIOSSLContext)?
    public var logger: Logger
    /// Where connections are served, each by one of them; on the pool where there is none. Only
    /// `quick` handlers of short requests stay there.
    public var taskExecutors: [any TaskExecutor] = []
    /// Lends what bodies take, where memory is shared with other things; nil for no bound but the
    /// server's own.
    public var bodyLoan: @Sendable () -> (any BodyLoan)?
    /// Counts the connections of clients.
    public var connectionCount = ConnectionCount()
    /// Makes what a request is known by, from its header fields; nil where requests have no identity.
    public var scope: (@Sendable (HTTPHeaders) -> RequestScope)?
    /// Called once nothing more is done for a request that has an identity, whatever came of it.
    public var onEnded: @Sendable (RequestScope) -> Void = { _ in }
    /// Called with the real port once connections are accepted.
    public var onListening: @Sendable (_ port: Int) async -> Void
    /// Called after each answer.
    public var onCompleted: @Sendable (CompletedRequest) -> Void
    /// Called for a request whose client went away before its answer was there.
    public var onAbandoned: @Sendable (CompletedRequest) -> Void = { _ in }

    public init(
        responder: PrometheusResponder, host: String, port: Int,
        limits: ServerLimits = ServerLimits(), logger: Logger,
        bodyLoan: @escaping @Sendable () -> (any BodyLoan)? = { nil },
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        onCompleted: @escaping @Sendable (CompletedRequest) -> Void = { _ in }
    ) {
        self.responder = responder
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.bodyLoan = bodyLoan
        self.onListening = onListening
        self.onCompleted = onCompleted
    }

    /// Serves until the task is cancelled or a graceful shutdown has drained it. Throws when the
    /// address cannot be listened on.
    public func run() async throws {
        let memory = RequestMemory(limit: limits.requestBytes)
        let connections = Connections(
            limits: limits, logger: logger, count: connectionCount)
        let connection = WatchedConnection(
            limits: limits, connections: connections, tls: tls,
            executors: ConnectionExecutors(taskExecutors),
            exchange: { head, body, output, work in
                let scope = self.scope?(head.headers)
                scope?.canBeCancelled { work.cancel() }
                defer { if let scope { onEnded(scope) } }
                return try await RequestScope.$current.withValue(scope) {
                    try await self.exchange(head, &body, output, memory, scope)
                }
            },
            refuse: { error, output in
                var answer = PrometheusResponse.failure(error)
                answer.headers["Date"] = HTTPDate.now()
                try await self.send(
                    answer, AnswerFraming(lastOfHTTP1: 1), true, to: output
                ) { _, _, _ in }
            })
        let server = connection.server(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: ConnectionRoom(connections: connections)),
            onServerRunning: { channel in
                await onListening(channel.localAddress?.port ?? port)
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            responder.readiness.state = .stopping
        }
    }

    /// Serves until SIGINT or SIGTERM, together with other services, which stop in reverse order.
    public func runHandlingSignals(alongside services: [any Service] = []) async throws {
        // Named by their types: else each is printed with all that it holds, which takes longer than
        // anything else at the start.
        let named = (services + [self]).map { service in
            ServiceGroupConfiguration.ServiceConfiguration(
                service: service, serviceName: String(describing: type(of: service)))
        }
        var configuration = ServiceGroupConfiguration(
            services: named, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        configuration.maximumGracefulShutdownDuration = limits.shutdownGrace
        try await ServiceGroup(configuration: configuration).run()
    }

    // MARK: One exchange

    private func exchange(
        _ head: RequestHead, _ body: inout RequestBody, _ output: WatchedConnection.Output,
        _ memory: RequestMemory, _ scope: RequestScope?
    ) async throws -> WatchedConnection.Outcome {
        let started = ContinuousClock.now
        var answer: PrometheusResponse
        var isQuick = true
        var pattern: String?
        var heldBytes = 0
        var loan: (any BodyLoan)?
        defer { withExtendedLifetime(loan) { memory.giveBack(heldBytes) } }
        do {
            // The head alone decides whether the body is worth reading.
            let asked = try Self.request(head, [])
            var endpoint: RouteTable.Endpoint?
            var isBodyLeft = false
            switch responder.admission(of: asked) {
            case .answered(let response, let answering):
                answer = response
                endpoint = answering
                isBodyLeft = true
            case .endpoint(let found, let parameters, let takesBody):
                endpoint = found
                var request = asked
                if PrometheusRequest.methodsWithForm.contains(head.method) {
                    isBodyLeft = !takesBody && head.framing != .length(0)
                    if !isBodyLeft {
                        loan = bodyLoan()
                        let bytes = try await read(
                            &body, of: head, continuing: output, memory, loan, &heldBytes)
                        if !bytes.isEmpty { request = try Self.request(head, bytes) }
                    }
                }
                let asked = request
                isQuick = found.traits.contains(.quick) && asked.isShort
                answer = await placed(isQuick) {
                    await responder.answer(asked, by: found, parameters)
                }
            }
            pattern = endpoint?.pattern
            if isBodyLeft, !head.passesOverBody { answer.headers["Connection"] = "close" }
        } catch let error as MalformedRequest {
            answer = .failure(error)
        }
        let completed = { (status: Int, bytes: Int, isWhole: Bool) in
            CompletedRequest(
                method: head.method, target: head.target, scope: scope, pattern: pattern,
                status: status, bodyBytes: bytes, duration: .now - started, isWhole: isWhole)
        }
        // A client that is gone is owed nothing; the connection is closed by this error.
        if Task.isCancelled, scope?.isCancelled != true {
            scope?.note(failure: "the client went away")
            onAbandoned(completed(CompletedRequest.abandoned, 0, false))
            throw CancellationError()
        }
        answer.headers["Date"] = HTTPDate.now()
        if let scope { answer.headers[RequestID.header] = scope.id.text }
        if case .socket(let serve) = answer.body {
            try await WebSocket.serve(answer, serve, &body, output)
            onCompleted(completed(answer.status, 0, true))
            return .ends
        }
        var framing = AnswerFraming(of: head)
        if answer.headers["Connection"] == "close" { framing.keepsAlive = false }
        if let scope, scope.isCancelled {
            let ended = try await sendCancelled(in: answer, framing, scope, to: output)
            onCompleted(completed(ended.status, ended.bytes, true))
            return .ends
        }
        return try await send(answer, framing, isQuick, to: output) { status, bytes, isWhole in
            onCompleted(completed(status, bytes, isWhole))
        }
    }

    /// Runs work here or, where it is not short, on the pool.
    private func placed<Value, Failure: Error>(
        _ isShort: Bool, _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        if isShort || taskExecutors.isEmpty { return try await work() }
        return try await withTaskExecutorPreference(globalConcurrentExecutor, operation: work)
    }

    private static func request(
        _ head: RequestHead, _ body: [UInt8]
    ) throws(MalformedRequest) -> PrometheusRequest {
        guard
            let request = PrometheusRequest(
                method: head.method, targetBytes: head.target, headers: head.headers, body: body)
        else { throw MalformedRequest("invalid escape in the path") }
        return request
    }

    /// - Returns: whether the connection can go on.
    @discardableResult
    private func send(
        _ answer: PrometheusResponse, _ framing: AnswerFraming, _ isQuick: Bool,
        to output: WatchedConnection.Output,
        completed: (_ status: Int, _ bytes: Int, _ isWhole: Bool) -> Void
    ) async throws -> WatchedConnection.Outcome {
        var body = try BodyWriter(for: answer, framing, to: output)
        defer { withExtendedLifetime(answer.loan) {} }
        do {
            try await placed(isQuick && answer.isShort) { try await body.run(answer.body) }
            completed(answer.status, body.sentCount, true)
            return body.isLast ? .ends : .goesOn
        } catch {
            let scope = RequestScope.current
            if let scope, scope.isCancelled, !body.hasBegun {
                let ended = try await sendCancelled(in: answer, framing, scope, to: output)
                completed(ended.status, ended.bytes, true)
                return .ends
            }
            if answer.isEndless, Task.isCancelled {
                completed(answer.status, body.sentCount, true)
                throw error
            }
            guard !Task.isCancelled, !body.hasBegun else {
                let cause = (error as? APIError)?.message ?? "\(error)"
                let end = scope?.isCancelled == true ? Self.cancelled : "the client went away"
                scope?.note(failure: Task.isCancelled ? end : cause)
                completed(answer.status, body.sentCount, false)
                throw body.endsWithConnection ? WatchedConnection.BrokenOff(cause: error) : error
            }
            var failure = responder.answerToError(error)
            for field in answer.headers.fields where Self.isKept(field.name) {
                failure.headers.add(field.name, field.value)
            }
            failure.coding = answer.coding
            var body = try BodyWriter(for: failure, framing, to: output)
            try await body.run(failure.body)
            completed(failure.status, body.sentCount, true)
            return body.isLast ? .ends : .goesOn
        }
    }

    private static let cancelled = "the query was cancelled through the API"

    /// Tells the client that somebody else ended its request. The task that serves the connection is
    /// cancelled then, and cannot send anything itself.
    ///
    /// - Parameter answer: The one in whose place the error is.
    private func sendCancelled(
        in answer: PrometheusResponse, _ framing: AnswerFraming, _ scope: RequestScope,
        to output: WatchedConnection.Output
    ) async throws -> (status: Int, bytes: Int) {
        scope.note(failure: Self.cancelled)
        var failure = responder.answerToError(APIError(.canceled, Self.cancelled))
        for field in answer.headers.fields where Self.isKept(field.name) {
            failure.headers.add(field.name, field.value)
        }
        failure.coding = answer.coding
        var last = framing
        last.keepsAlive = false
        let (sent, end) = (failure, last)
        let bytes = try await Task {
            var body = try BodyWriter(for: sent, end, to: output)
            try await body.run(sent.body)
            return body.sentCount
        }.value
        return (sent.status, bytes)
    }

    /// What the route and the server added to an answer and belongs to the error in its place too.
    private static func isKept(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "vary" || name == "date" || name == "content-encoding"
            || name == "x-request-id"
            || name.hasPrefix("access-control-")
    }

    /// The body of a method that has a meaning for one.
    ///
    /// - Parameter heldBytes: What was taken of the memory, which the caller gives back.
    /// - Throws: `MalformedRequest` when it is too large, or does not come wholly.
    private func read(
        _ body: inout RequestBody, of head: RequestHead,
        continuing output: WatchedConnection.Output, _ memory: RequestMemory,
        _ loan: (any BodyLoan)?, _ heldBytes: inout Int
    ) async throws -> [UInt8] {
        let isForm = PrometheusRequest.isForm(method: head.method, headers: head.headers)
        let limit = isForm ? limits.formBytes : limits.bodyBytes
        if case .length(let announced) = head.framing, announced > limit {
            throw MalformedRequest.bodyTooLarge(limit: limit)
        }
        if head.awaitsContinue {
            try await output.write(
                .http(.head(HTTPResponseHead(version: .http1_1, status: .continue))))
        }
        var bytes: [UInt8] = []
        while let piece = try await body.next() {
            guard bytes.count + piece.count <= limit else {
                throw MalformedRequest.bodyTooLarge(limit: limit)
            }
            try memory.take(piece.count, besides: bytes.count)
            heldBytes += piece.count
            if let loan, !loan.lend(piece.count) { throw MalformedRequest.noMemory }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }
}

/// How much a client may ask of the server before its request is read.
public struct ServerLimits: Sendable, Hashable {
    /// Bytes of a request's head: its first line and all its header fields. A longer one is
    /// answered with 431. Go's default.
    public var headerBytes = 1024 * 1024
    public var headerFields = 1000
    /// Bytes of a form; Go's own cap.
    public var formBytes = 10 * 1024 * 1024
    /// Bytes of any other body, multipart forms included.
    public var bodyBytes = 32 * 1024 * 1024
    /// Bytes of the bodies of all requests under way. What does not fit is answered with 413 or 503.
    public var requestBytes = 256 * 1024 * 1024
    /// A connection that neither asks nor is being answered is closed after this, and one whose
    /// client takes nothing of its answer.
    public var idleTimeout: Duration = .seconds(300)
    /// A request's head must come within this, from its first byte on, and of its body 16 KiB in each
    /// such time. TLS must be agreed on within it.
    public var headTimeout: Duration = .seconds(10)
    /// Connections at once. The last place is for a new one; those that wait for their client leave
    /// for it. Where there are none, others wait in the listen queue.
    public var connections = 4096
    /// Connections of one client address; of IPv6 addresses, of one network of 64 bits.
    public var connectionsPerClient = 1024
    /// How long requests under way may take to end once the server was asked to stop.
    public var shutdownGrace: Duration = .seconds(10)

    public init() {}
}

/// Whether gated routes answer, shared between the server and the code that starts or stops it.
public final class Readiness: Sendable {
    public enum State: Sendable, Equatable {
        case starting
        case ready
        case stopping
    }

    private let current: Mutex<State>

    public init(_ state: State = .starting) { current = Mutex(state) }

    public var state: State {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// The refusal Prometheus gives while it is not ready; nil when it is.
    var refusal: PrometheusResponse? {
        let isStopping: Bool
        switch state {
        case .ready: return nil
        case .starting: isStopping = false
        case .stopping: isStopping = true
        }
        var response = PrometheusResponse.text(status: 503, "Service Unavailable")
        response.headers["X-Prometheus-Stopping"] = isStopping ? "true" : "false"
        return response
    }
}

/// Lends memory for the body of one request. Dropping it gives everything back.
public protocol BodyLoan: Sendable {
    /// Takes so many bytes more if they are to be had at once.
    func lend(_ bytes: Int) -> Bool
}

/// The memory for the bodies of all requests under way. Bytes are counted as they come, so that
/// nothing is held for a length that is only announced.
final class RequestMemory: Sendable {
    private let limit: Int
    private let used = Mutex(0)

    /// - Parameter limit: Bytes.
    init(limit: Int) { self.limit = limit }

    /// - Throws: 413 for a body that would not fit alone, 503 when others leave too little.
    func take(_ bytes: Int, besides own: Int) throws(MalformedRequest) {
        guard own + bytes <= limit else { throw .bodyTooLarge(limit: limit) }
        let fits = used.withLock { used in
            guard used + bytes <= limit else { return false }
            used += bytes
            return true
        }
        guard fits else { throw .noMemory }
    }

    func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }
}
