import NIOCore

/// Tells when the other side of a connection is gone.
///
/// A client that gives up closes its socket, which arrives as the end of input while the answer is
/// still being made; nothing else would notice before the next write. As in Go's server, the end of
/// input counts as gone even though a client might only have closed one direction.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    /// Fulfilled once, when input ends or the connection closes.
    private let gone: EventLoopPromise<Void>

    init(gone: EventLoopPromise<Void>) { self.gone = gone }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { gone.succeed(()) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone.succeed(())
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone.succeed(())
    }
}
