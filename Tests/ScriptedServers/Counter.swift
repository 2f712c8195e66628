import HTTPTransport

/// A number that a server's threads count up.
package final class Counter: Sendable {
    private let number = LockedValue(0)

    package init() {}

    package var value: Int { number.withLock { $0 } }

    package func add(_ amount: Int) { number.withLock { $0 += amount } }

    /// Waits, for some seconds at most, until the number is reached.
    package func reaches(_ wanted: Int) async -> Bool {
        for _ in 0..<2000 {
            if value >= wanted { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return value >= wanted
    }
}
