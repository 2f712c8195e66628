import HTTPTypes
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import UnixSignals

/// An HTTP/1.1 server with Prometheus's habits. One instance serves once.
///
/// A handler's task is cancelled when its client goes away. A graceful shutdown refuses gated
/// routes (`X-Prometheus-Stopping: true`), accepts no more connections, and lets requests under way
/// end.
public struct PrometheusServer: Service {
    public var responder: PrometheusResponder
    public var host: String
    /// 0 lets the system choose one, which `onListening` then reports.
    public var port: Int
    public var limits: ServerLimits
    public var logger: Logger
    /// Called with the real port once connections are accepted.
    public var onListening: @Sendable (_ port: Int) async -> Void
    /// Called after each answer.
    public var onCompleted: @Sendable (CompletedRequest) -> Void

    public init(
        responder: PrometheusResponder, host: String, port: Int,
        limits: ServerLimits = ServerLimits(), logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        onCompleted: @escaping @Sendable (CompletedRequest) -> Void = { _ in }
    ) {
        self.responder = responder
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
        self.onCompleted = onCompleted
    }

    /// Serves until the task is cancelled or a graceful shutdown has drained it. Throws when the
    /// address cannot be listened on.
    public func run() async throws {
        let connection = WatchedConnection(
            responder: { request, writer, _ in
                try await self.exchange(request, writer)
            },
            limits: limits)
        let server = connection.server(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
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
        var configuration = ServiceGroupConfiguration(
            services: services + [self], gracefulShutdownSignals: [.sigint, .sigterm],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = limits.shutdownGrace
        try await ServiceGroup(configuration: configuration).run()
    }

    // MARK: One exchange

    private func exchange(
        _ request: Request, _ writer: consuming ResponseWriter
    ) async throws {
        let started = ContinuousClock.now
        let method = request.head.method.rawValue
        var answer: PrometheusResponse
        var pattern: String?
        do {
            if request.head.headerFields[.expect]?.lowercased() == "100-continue" {
                try await writer.writeInformationalHead(HTTPResponse(status: .continue))
            }
            let body = try await body(of: request, method: method)
            if let read = PrometheusRequest(
                method: method, target: request.head.path ?? "/",
                headers: HTTPHeaders(request.head.headerFields), body: body)
            {
                let (response, endpoint) = await responder.answer(read)
                answer = response
                pattern = endpoint?.pattern
            } else {
                answer = .text(status: 400, "400 Bad Request")
                answer.headers["Connection"] = "close"
            }
        } catch is BodyTooLarge {
            answer = .text(status: 413, "http: request body too large\n", noSniff: true)
            answer.headers["Connection"] = "close"
        }
        // A client that is gone is owed nothing; the connection is closed by this error.
        try Task.checkCancellation()
        answer.headers["Date"] = HTTPDate.now()
        try await send(answer, to: writer) { status, bytes, isWhole in
            onCompleted(
                CompletedRequest(
                    method: method, pattern: pattern, status: status, bodyBytes: bytes,
                    duration: .now - started, isWhole: isWhole))
        }
        // The rest of a body that was too large is not read.
        if answer.headers["Connection"] == "close" { throw ConnectionEnd() }
    }

    private func send(
        _ answer: PrometheusResponse, to writer: consuming ResponseWriter,
        completed: (_ status: Int, _ bytes: Int, _ isWhole: Bool) -> Void
    ) async throws {
        var body = try BodyWriter(for: answer, to: writer)
        do {
            try await body.run(answer.body)
            completed(answer.status, body.sentCount, true)
        } catch {
            guard !Task.isCancelled, let unsent = body.takeUnsent() else {
                completed(answer.status, body.sentCount, false)
                throw error
            }
            var failure = responder.answerToError(error)
            for field in answer.headers.fields where Self.isKept(field.name) {
                failure.headers.add(field.name, field.value)
            }
            failure.coding = answer.coding
            var body = try BodyWriter(for: failure, to: unsent)
            try await body.run(failure.body)
            completed(failure.status, body.sentCount, true)
        }
    }

    /// What the route and the server added to an answer and belongs to the error in its place too.
    private static func isKept(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "vary" || name == "date" || name == "content-encoding"
            || name.hasPrefix("access-control-")
    }

    private struct BodyTooLarge: Error {}
    private struct ConnectionEnd: Error {}

    private func body(of request: Request, method: String) async throws -> [UInt8] {
        guard PrometheusRequest.methodsWithForm.contains(method) else { return [] }
        let headers = HTTPHeaders(request.head.headerFields)
        let isForm = PrometheusRequest.isForm(method: method, headers: headers)
        let limit = isForm ? limits.formBytes : limits.bodyBytes
        if let announced = request.head.headerFields[.contentLength].flatMap({ Int($0) }),
            announced > limit
        {
            throw BodyTooLarge()
        }
        var bytes: [UInt8] = []
        for try await piece in request.body {
            guard bytes.count + piece.readableBytes <= limit else { throw BodyTooLarge() }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return bytes
    }
}

extension HTTPHeaders {
    init(_ fields: HTTPFields) {
        self.init()
        for field in fields { add(field.name.rawName, field.value) }
    }
}
