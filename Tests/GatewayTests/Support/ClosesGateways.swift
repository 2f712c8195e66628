import Synchronization
import Testing

@testable import Gateway

/// Shuts down the gateways of each test at its end, however that ends.
struct ClosesGateways: SuiteTrait, TestTrait, TestScoping {
    fileprivate final class Gateways: Sendable {
        let made = Mutex<[GatewayApplication]>([])
    }

    @TaskLocal fileprivate static var ofThisTest: Gateways?

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let gateways = Gateways()
        let result: Result<Void, any Error>
        do {
            result = .success(try await Self.$ofThisTest.withValue(gateways, operation: function))
        } catch {
            result = .failure(error)
        }
        for gateway in gateways.made.withLock({ $0 }) { await gateway.shutdown() }
        try result.get()
    }
}

extension Trait where Self == ClosesGateways {
    static var closesGateways: Self { Self() }
}

extension GatewayApplication {
    /// The same, to be shut down at the end of the test, whose suite is `.closesGateways`.
    func closedAtTheEnd() -> Self {
        guard let gateways = ClosesGateways.ofThisTest else {
            Issue.record("the suite is not .closesGateways")
            return self
        }
        gateways.made.withLock { $0.append(self) }
        return self
    }
}
