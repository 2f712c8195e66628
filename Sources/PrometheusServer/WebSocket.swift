import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// A connection that speaks WebSocket (RFC 6455), as its handler sees it. What the client says is of
/// no interest but for its farewell, after which the handler's task is cancelled.
public struct WebSocket: Sendable {
    /// Why a server ends a connection.
    public enum CloseCode: Sendable {
        case normal
        /// The server is about to stop, or gives no more time.
        case goingAway
        /// The client asks for what is not to be had.
        case unsupported
        /// Something that was needed failed.
        case failed

        var webSocketErrorCode: WebSocketErrorCode {
            switch self {
            case .normal: .normalClosure
            case .goingAway: .goingAway
            case .unsupported: .unacceptableData
            case .failed: .unexpectedServerError
            }
        }
    }

    /// Bytes of a reason; longer ones are cut.
    private static let longestReason = 120

    private let output: WatchedConnection.Output

    init(_ output: WatchedConnection.Output) { self.output = output }

    /// Sends a text; waits while the client is slow.
    ///
    /// - Parameter text: UTF-8.
    /// - Throws: when the client has gone.
    public func send(_ text: [UInt8]) async throws {
        try await write(.text, ByteBuffer(bytes: text))
    }

    /// Asks the client for a sign of life, which keeps what is in between from closing the connection.
    public func ping() async throws { try await write(.ping, ByteBuffer()) }

    /// Ends the connection, whose client is told why.
    public func close(_ code: CloseCode, _ reason: String = "") async throws {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code.webSocketErrorCode)
        var text = Substring(reason)
        while text.utf8.count > Self.longestReason { text = text.dropLast() }
        data.writeString(String(text))
        try await write(.connectionClose, data)
    }

    func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws {
        try await output.write(.frame(WebSocketFrame(fin: true, opcode: opcode, data: data)))
    }
}

extension PrometheusResponse {
    /// Speaks WebSocket with the client from now on.
    ///
    /// - Parameter serve: Is run until it returns, which ends the connection, or the client leaves.
    /// - Returns: 400 for a request that does not ask for that as the standard has it; 403 for one of a
    ///   page of another origin, from which browsers keep no WebSocket away by themselves.
    public static func webSocket(
        for request: PrometheusRequest,
        _ serve: @escaping @Sendable (WebSocket) async throws -> Void
    ) -> PrometheusResponse {
        let key = request.headers["Sec-WebSocket-Key"] ?? ""
        guard request.method == "GET", lists(request.headers["Connection"], "upgrade"),
            lists(request.headers["Upgrade"], "websocket"),
            request.headers["Sec-WebSocket-Version"] == "13",
            Data(base64Encoded: key)?.count == 16
        else {
            return .text(
                status: 400, "Bad Request: a WebSocket (RFC 6455) is spoken here\n", noSniff: true)
        }
        guard isOfOwnOrigin(request) else {
            return .text(
                status: 403, "Forbidden: a page of another origin opens no WebSocket here\n",
                noSniff: true)
        }
        let proof = Insecure.SHA1.hash(data: Data((key + guid).utf8))
        return PrometheusResponse(
            status: 101,
            headers: [
                "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Accept": Data(proof).base64EncodedString(),
            ], body: .socket(serve))
    }

    /// Of the standard.
    private static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// Whether no page sent it, or one that has its address here.
    private static func isOfOwnOrigin(_ request: PrometheusRequest) -> Bool {
        guard let origin = request.headers["Origin"]?.lowercased() else { return true }
        guard let host = request.headers["Host"]?.lowercased() else { return false }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }

    private static func lists(_ field: String?, _ word: String) -> Bool {
        (field ?? "").lowercased().split(separator: ",").contains {
            $0.trimmingCharacters(in: .whitespaces) == word
        }
    }
}

extension WebSocket {
    /// Serves a connection whose client was told that it speaks WebSocket now.
    ///
    /// - Parameter input: What comes from the client.
    static func serve(
        _ answer: PrometheusResponse, _ work: @escaping @Sendable (WebSocket) async throws -> Void,
        _ input: inout RequestBody, _ output: WatchedConnection.Output
    ) async throws {
        var headers = NIOHTTP1.HTTPHeaders()
        for field in answer.headers.fields { headers.add(name: field.name, value: field.value) }
        try await output.write(
            .http(
                .head(
                    HTTPResponseHead(
                        version: .http1_1, status: .switchingProtocols, headers: headers))))
        let socket = WebSocket(output)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await work(socket)
                    try await socket.close(.normal)
                } catch is CancellationError {
                    // The client has gone, or was told so.
                } catch {
                    try? await socket.close(.failed, "\(error)")
                }
            }
            await answerFrames(&input, socket)
            group.cancelAll()
        }
    }

    /// Reads until the client takes its leave, or is gone.
    private static func answerFrames(_ input: inout RequestBody, _ socket: WebSocket) async {
        while let frame = try? await input.nextFrame() {
            switch frame.opcode {
            case .ping: try? await socket.write(.pong, frame.unmaskedData)
            case .connectionClose:
                try? await socket.write(.connectionClose, frame.unmaskedData)
                return
            default: continue
            }
        }
    }
}

/// Frames on their way between the connection's handler and its task. It closes a connection some time
/// after the server's farewell, which a client may leave unanswered.
final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = RequestPart
    typealias OutboundIn = ResponsePart
    typealias OutboundOut = WebSocketFrame

    /// Bytes of a frame that a client sends.
    static let longestFrame = 16 << 10
    private static let leaveTaking = TimeAmount.seconds(1)

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        // A client masks what it sends; what does not is something else.
        guard frame.maskKey != nil else { return context.close(promise: nil) }
        context.fireChannelRead(Self.wrapInboundOut(.frame(frame)))
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        switch Self.unwrapOutboundIn(data) {
        case .frame(let frame):
            context.write(Self.wrapOutboundOut(frame), promise: promise)
            guard frame.opcode == .connectionClose else { return }
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: Self.leaveTaking) {
                bound.value.close(promise: nil)
            }
        case .http:
            // Nothing of HTTP is said any more.
            promise?.succeed(())
        }
    }
}
