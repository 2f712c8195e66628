// In place of swift-service-lifecycle: a fuzzer runs no services.

public protocol Service: Sendable {
    func run() async throws
}

public func gracefulShutdown() async throws {}
