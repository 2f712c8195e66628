import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// A connection of HTTP/1.1 whose task is cancelled as soon as the client has gone, so that
/// whatever a handler awaits (a member's answer above all) is given up too.
struct WatchedConnection: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let connection: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let gone: EventLoopFuture<Void>
        var channel: any Channel { connection.channel }
    }

    let responder: HTTPChannelHandler.Responder
    let limits: ServerLimits

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let gone = channel.eventLoop.makePromise(of: Void.self)
        return http(gone).setup(channel: channel, logger: logger).map { connection in
            Value(connection: connection, gone: gone.futureResult)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let http = http(nil)
        let work = Task { await http.handle(value: value.connection, logger: logger) }
        value.gone.whenComplete { _ in work.cancel() }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
    }

    private func http(_ gone: EventLoopPromise<Void>?) -> HTTP1Channel {
        HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: gone.map { [ConnectionWatch(gone: $0)] } ?? [],
                idleTimeout: .nanoseconds(limits.idleTimeout.wholeNanoseconds),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytes,
                    maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: limits.headerFields)))
    }
}
