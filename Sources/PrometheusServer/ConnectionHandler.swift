import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS
import NIOWebSocket

/// Reads a connection's bytes as requests, and watches over it.
///
/// - A client that gives up closes its socket, which arrives as the end of input while the answer
///   is still being made; nothing else would notice before the next write. A client that has only
///   closed its own direction looks the same, so that the request goes on for a short time, and
///   wholly if its answer began in it: one that is gone refuses what is written to it.
/// - A connection that asks nothing is closed after a time. A request has to come at some speed, and
///   is told when it did not; an answer has to be taken.
/// - When the server stops, the connection ends with the answers that are under way.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = RequestPart
    typealias OutboundIn = ResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a request goes on after the end of its client's input.
    static let graceAfterInput = TimeAmount.seconds(2)

    /// Fulfilled once, when the client has gone.
    private let gone: EventLoopPromise<Void>
    private let place: Connections.Place?
    private var decoder: RequestDecoder
    /// Requests whose head came, and whose answer has not ended.
    private var unanswered = 0
    /// The body of the last of them is still to come.
    private var isReadingBody = false
    /// The answer under way is the last.
    private var isLastAnswer = false
    /// What comes now is no request that will be answered.
    private var discardsInput = false
    private var isStopping = false
    /// The connection speaks WebSocket, and others read and write what passes here.
    private var isSocket = false
    private var inputHasEnded = false
    private var hasWrittenSinceInput = false
    /// Bytes are being waited for, and not held back since earlier ones were not used yet.
    private var isReading = false
    private var pace: ConnectionPace
    private var timer: Scheduled<Void>?
    private var timerEnd = NIODeadline.distantFuture
    private var grace: Scheduled<Void>?

    /// - Parameters:
    ///   - place: nil for a connection that is only to be closed.
    ///   - phase: What the connection begins with.
    init(
        gone: EventLoopPromise<Void>, place: Connections.Place?, _ phase: ConnectionPace.Phase,
        limits: ServerLimits
    ) {
        self.gone = gone
        self.place = place
        pace = ConnectionPace(phase, limits: limits, at: .now())
        decoder = RequestDecoder(
            maximumHeadBytes: limits.headerBytes, maximumFields: limits.headerFields)
    }

    // MARK: Input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = false
        guard !isSocket else { return context.fireChannelRead(data) }
        guard !discardsInput else { return }
        let buffer = Self.unwrapInboundIn(data)
        decoder.feed(Array(buffer.readableBytesView)) { deliver($0, context) }
        follow(context)
    }

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    private func deliver(_ part: RequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head:
            unanswered += 1
            isReadingBody = true
        case .body(let bytes):
            pace.took(bodyBytes: bytes.count, at: .now())
        case .end:
            isReadingBody = false
        case .frame: break
        case .malformed:
            // It is answered in the place of the request that it was to be.
            if !isReadingBody { unanswered += 1 }
            isReadingBody = false
            discardsInput = true
        }
        context.fireChannelRead(Self.wrapInboundOut(part))
    }

    /// Ends a request that was begun, when it is what the client waits for.
    ///
    /// - Returns: false when nothing was begun, or others are to be answered before.
    private func breakOff(_ error: MalformedRequest, _ context: ChannelHandlerContext) -> Bool {
        let isAwaited = isReadingBody ? unanswered == 1 : unanswered == 0 && !decoder.isIdle
        guard isAwaited, !discardsInput else { return false }
        deliver(.malformed(error), context)
        context.fireChannelReadComplete()
        follow(context)
        return true
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isStopping = true
            if isSocket { gone.succeed(()) }
            if unanswered == 0 { context.close(promise: nil) }
            return
        }
        if event is Connections.Leave {
            if Connections.mayLeave(pace.phase) {
                cut(context)
            } else {
                place?.stays()
            }
            return
        }
        if case .some(.handshakeCompleted) = event as? TLSUserEvent { enter(.idle, context) }
        if case .some(.inputClosed) = event as? ChannelEvent { endInput(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Closes without the farewell of TLS, which a client could put off.
    private func cut(_ context: ChannelHandlerContext) {
        let tls = try? context.pipeline.syncOperations.context(
            handlerType: NIOSSLServerHandler.self)
        (tls ?? context).close(promise: nil)
    }

    private func endInput(_ context: ChannelHandlerContext) {
        inputHasEnded = true
        // What is wrong with a request that was begun is answered too.
        if isSocket || isReadingBody || !breakOff(.endedEarly, context) && unanswered == 0 {
            gone.succeed(())
            return
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        grace = context.eventLoop.scheduleTask(in: Self.graceAfterInput) {
            if !bound.value.hasWrittenSinceInput { bound.value.gone.succeed(()) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone.succeed(())
        context.fireChannelInactive()
    }

    // MARK: Output

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        if inputHasEnded { hasWrittenSinceInput = true }
        if isSocket { return context.write(data, promise: promise) }
        guard case .http(let part) = Self.unwrapOutboundIn(data) else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        switch part {
        case .head(let head) where head.status == .switchingProtocols:
            context.writeAndFlush(Self.wrapOutboundOut(part), promise: promise)
            speakFrames(context)
            return
        case .head(let head):
            isLastAnswer = head.headers.contains(name: "Connection") && !head.isKeepAlive
        case .body:
            break
        case .end:
            if isLastAnswer { discardsInput = true }
            let sent = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            sent.futureResult.whenSuccess {
                let (handler, context) = bound.value
                handler.endAnswer(context)
            }
            context.write(Self.wrapOutboundOut(part), promise: sent)
            return
        }
        context.write(Self.wrapOutboundOut(part), promise: promise)
    }

    /// Puts what reads and writes frames in the place of what writes answers.
    private func speakFrames(_ context: ChannelHandlerContext) {
        isSocket = true
        let operations = context.pipeline.syncOperations
        do {
            let encoder = try operations.context(handlerType: HTTPResponseEncoder.self)
            operations.removeHandler(context: encoder, promise: nil)
            let decoder = WebSocketFrameDecoder(maxFrameSize: FrameHandler.longestFrame)
            try operations.addHandlers(
                [
                    WebSocketFrameEncoder(), ByteToMessageHandler(decoder),
                    WebSocketProtocolErrorHandler(),
                ], position: .before(self))
            try operations.addHandler(FrameHandler(), position: .after(self))
        } catch {
            context.close(promise: nil)
        }
    }

    /// The answer has left this machine's memory.
    private func endAnswer(_ context: ChannelHandlerContext) {
        unanswered -= 1
        if isStopping && unanswered == 0 {
            context.close(promise: nil)
        } else {
            follow(context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        noteUntaken(context)
        setTimer(context)
        context.fireChannelWritabilityChanged()
    }

    private func noteUntaken(_ context: ChannelHandlerContext) {
        let channel = context.channel
        let buffered = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
        pace.isWaiting(with: channel.isWritable ? nil : buffered ?? 0, at: .now())
    }

    // MARK: Time

    func handlerAdded(context: ChannelHandlerContext) { setTimer(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        grace?.cancel()
        gone.succeed(())
    }

    /// Takes up the phase that the connection has come to.
    private func follow(_ context: ChannelHandlerContext) {
        if unanswered > 1 || unanswered == 1 && !isReadingBody {
            enter(.answering, context)
        } else if isReadingBody {
            enter(.body, context)
        } else {
            enter(decoder.isIdle || discardsInput ? .idle : .head, context)
        }
    }

    private func enter(_ phase: ConnectionPace.Phase, _ context: ChannelHandlerContext) {
        guard phase != pace.phase else { return }
        pace.enter(phase, at: .now())
        place?.note(phase)
        setTimer(context)
    }

    /// A timer that ends too early is looked at then, and set again.
    private func setTimer(_ context: ChannelHandlerContext) {
        guard let deadline = pace.deadline, timer == nil || deadline < timerEnd else { return }
        timer?.cancel()
        timerEnd = deadline
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        switch pace.phase {
        case .answering: noteUntaken(context)
        // It is not the client who is slow.
        case .head, .body: if !isReading && !inputHasEnded { pace.goOn(at: now) }
        case .handshake, .idle: break
        }
        guard let deadline = pace.deadline, deadline <= now else {
            setTimer(context)
            return
        }
        switch pace.phase {
        case .answering:
            gone.succeed(())
        case .head, .body:
            if !breakOff(.timedOut, context) { context.close(promise: nil) }
        case .handshake, .idle:
            context.close(promise: nil)
        }
    }
}
