import GoText
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix

/// Fetches small documents over `http://`: what the embedded server scrapes. Members of a
/// federation are asked by the `Members` module instead.
public struct PlainHTTPClient: Sendable {
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case timedOut
        case bodyTooLarge(limit: Int)
        /// The connection ended before the answer did.
        case incomplete

        public var description: String {
            switch self {
            case .timedOut: "context deadline exceeded"
            case .bodyTooLarge(let limit): "body size limit of \(limit) bytes exceeded"
            case .incomplete: "unexpected EOF"
            }
        }
    }

    public struct Answer: Sendable {
        public var status: Int
        public var headers: HTTPHeaders
        public var body: [UInt8]
    }

    /// Time for the whole exchange.
    public var timeout: Duration
    public var maximumBodyBytes: Int

    public init(timeout: Duration = .seconds(10), maximumBodyBytes: Int = 64 * 1024 * 1024) {
        self.timeout = timeout
        self.maximumBodyBytes = maximumBodyBytes
    }

    /// Sends one request on a connection of its own.
    ///
    /// - Parameter target: path and query, escaped.
    public func send(
        _ method: String = "GET", host: String, port: Int, target: String,
        headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []
    ) async throws -> Answer {
        let timeout = timeout
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask {
                try await exchange(
                    method, host: host, port: port, target: target, headers: headers, body: body)
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else {
                throw Failure.timedOut
            }
            return answer
        }
    }

    private func exchange(
        _ method: String, host: String, port: Int, target: String, headers: HTTPHeaders,
        body: [UInt8]
    ) async throws -> Answer {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.nanoseconds(timeout.wholeNanoseconds))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var fields = NIOHTTP1.HTTPHeaders()
            fields.add(name: "Host", value: "\(host):\(port)")
            fields.add(name: "Connection", value: "close")
            for field in headers.fields { fields.add(name: field.name, value: field.value) }
            if !body.isEmpty { fields.add(name: "Content-Length", value: String(body.count)) }
            let head = HTTPRequestHead(
                version: .http1_1, method: HTTPMethod(rawValue: method), uri: target,
                headers: fields)
            try await outbound.write(.head(head))
            if !body.isEmpty {
                try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
            }
            try await outbound.write(.end(nil))

            var answer = Answer(status: 0, headers: HTTPHeaders(), body: [])
            for try await part in inbound {
                switch part {
                case .head(let head):
                    answer.status = Int(head.status.code)
                    for (name, value) in head.headers { answer.headers.add(name, value) }
                case .body(let piece):
                    guard answer.body.count + piece.readableBytes <= maximumBodyBytes else {
                        throw Failure.bodyTooLarge(limit: maximumBodyBytes)
                    }
                    answer.body.append(contentsOf: piece.readableBytesView)
                case .end:
                    return answer
                }
            }
            throw Failure.incomplete
        }
    }
}
