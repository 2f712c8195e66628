import GoText
import NIOCore
import NIOHTTP1

/// Reads a connection's bytes as requests, and watches over it.
///
/// - A client that gives up closes its socket, which arrives as the end of input while the answer
///   is still being made; nothing else would notice before the next write. As in Go's server, the
///   end of input counts as gone even though a client might only have closed one direction.
/// - A connection that asks nothing is closed after a time; one that began to ask is told so.
/// - When the server stops, the connection ends with the answers that are under way.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = RequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Fulfilled once, when input ends or the connection closes.
    private let gone: EventLoopPromise<Void>
    private let idleTimeout: TimeAmount
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
    private var lastActive = NIODeadline.now()
    private var idleCheck: Scheduled<Void>?

    init(gone: EventLoopPromise<Void>, limits: ServerLimits) {
        self.gone = gone
        idleTimeout = .nanoseconds(limits.idleTimeout.wholeNanoseconds)
        decoder = RequestDecoder(
            maximumHeadBytes: limits.headerBytes, maximumFields: limits.headerFields)
    }

    // MARK: Input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !discardsInput else { return }
        let buffer = Self.unwrapInboundIn(data)
        decoder.feed(Array(buffer.readableBytesView)) { deliver($0, context) }
    }

    private func deliver(_ part: RequestPart, _ context: ChannelHandlerContext) {
        lastActive = .now()
        switch part {
        case .head:
            unanswered += 1
            isReadingBody = true
        case .body:
            break
        case .end:
            isReadingBody = false
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
        return true
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isStopping = true
            if unanswered == 0 { context.close(promise: nil) }
            return
        }
        if case .some(.inputClosed) = event as? ChannelEvent {
            if isReadingBody || !breakOff(.endedEarly, context) { gone.succeed(()) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone.succeed(())
        context.fireChannelInactive()
    }

    // MARK: Output

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        context.write(data, promise: promise)
        switch Self.unwrapOutboundIn(data) {
        case .head(let head):
            isLastAnswer = head.headers.contains(name: "Connection") && !head.isKeepAlive
        case .body:
            break
        case .end:
            unanswered -= 1
            lastActive = .now()
            if isLastAnswer { discardsInput = true }
            if isStopping && unanswered == 0 {
                context.flush()
                context.close(promise: nil)
            }
        }
    }

    // MARK: Silence

    func handlerAdded(context: ChannelHandlerContext) {
        checkSilence(in: idleTimeout, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleCheck?.cancel()
        gone.succeed(())
    }

    private func checkSilence(in time: TimeAmount, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        idleCheck = context.eventLoop.scheduleTask(in: time) {
            let (handler, context) = bound.value
            handler.endSilence(context)
        }
    }

    private func endSilence(_ context: ChannelHandlerContext) {
        let left = lastActive + idleTimeout - .now()
        let isAnswering = unanswered > 0 && !isReadingBody
        if left > .nanoseconds(0) || isAnswering {
            checkSilence(in: isAnswering ? idleTimeout : left, context)
        } else if breakOff(.timedOut, context) {
            checkSilence(in: idleTimeout, context)
        } else {
            context.close(promise: nil)
        }
    }
}
