// In place of swift-nio's reader and writer of HTTP: a fuzzer answers nobody.

public struct HTTPServerResponsePart: Sendable {}
