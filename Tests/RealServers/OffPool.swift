import Foundation

/// Runs each job on a thread of its own.
private final class ThreadPerJob: TaskExecutor {
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { [self] in
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

/// Runs blocking work outside Swift's pool: the tests here wait for sockets and processes, and the
/// few threads of the pool belong to the other suites. The work stays in its task, so that what it
/// records belongs to its test.
public func offPool<T: Sendable>(_ work: @Sendable () throws -> T) async throws -> T {
    try await withTaskExecutorPreference(ThreadPerJob()) { try work() }
}
