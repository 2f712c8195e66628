import Glibc
import HTTPTransport
import ScriptedServers
import Testing
import Upstream

/// Longer work of tasks that run where answers arrive.
@Suite struct ThreadPoolTests {
    private static func thread() -> pthread_t { pthread_self() }

    @Test func `Longer work leaves the transport's thread and comes back to it`() async throws {
        try await withTransport { transport in
            let executor = try #require(transport.taskExecutors.first)
            let threads = await withTaskExecutorPreference(executor) {
                let before = Self.thread()
                let during = await ThreadPool.run { Self.thread() }
                let inside = await ThreadPool.run {
                    let outer = Self.thread()
                    return await ThreadPool.run { [outer, Self.thread()] }
                }
                return (before, during, inside, Self.thread())
            }
            #expect(threads.0 == threads.3)
            #expect(threads.1 != threads.0)
            #expect(!threads.2.contains(threads.0))
        }
    }

    @Test func `Work of a task on the pool stays there, and throws what it throws`() async {
        struct Failed: Error {}
        await #expect(throws: Failed.self) { try await ThreadPool.run { throw Failed() } }
    }
}
