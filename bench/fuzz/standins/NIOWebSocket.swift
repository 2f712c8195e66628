// In place of swift-nio's WebSocket: a fuzzer sends no frames.

public struct WebSocketFrame: Sendable, Equatable {}
