import Foundation

/// Runs blocking work on a thread of its own: the tests here wait for sockets and processes, and
/// the few threads of Swift's pool belong to the other suites.
func offPool<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try work() }) }
        thread.stackSize = 16 << 20
        thread.start()
    }
}
