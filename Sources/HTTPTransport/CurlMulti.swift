import ServiceLifecycle

#if canImport(Glibc)
import Glibc
#endif

/// The transport: HTTP/1.1 and, over TLS, HTTP/2 through libcurl's multi interface, on one thread
/// or a few, each with an epoll loop and connections of its own. No transfer ever blocks them.
///
/// It has one owner, who runs it as a service or calls `shutdown` once its users are done. To drop
/// it before that is a mistake: a debug build traps, a release build shuts it down by itself.
public final class CurlMulti: Service {
    private let multis: [MultiHandle]
    private let hasEnded = LockedValue(false)

    /// One for each thread. A task that prefers one of them runs on that thread, and so do the
    /// transfers it begins: between a request and its answer no other thread is woken. It must not
    /// compute for long there, as everything else on the thread waits.
    public let taskExecutors: [any TaskExecutor]

    /// One thread for each processor. At most sixteen, as each keeps connections to every server.
    public static let oneForEachProcessor = min(16, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - threads: at least one. Lanes are counted on each by itself.
    ///   - keptConnections: how many connections stay open for reuse; at least eight for each server,
    ///     or they crowd each other out.
    ///   - receiveBytes: what all transfers together keep of bytes that were not read yet. The more
    ///     transfers there are, the less each one receives ahead of its reader, though never less
    ///     than 32 KiB.
    /// - Throws: `TransferError` of the kind `.noResources`.
    public init(
        threads: Int = 1, keptConnections: Int = 1024, receiveBytes: Int = .max
    ) throws(TransferError) {
        var multis: [MultiHandle] = []
        let threads = max(1, threads)
        for _ in 0..<threads {
            do throws(TransferError) {
                multis.append(
                    try MultiHandle(
                        keptConnections: max(1, keptConnections / threads),
                        receiveBytes: receiveBytes / threads))
            } catch {
                Task { [multis] in for multi in multis { await multi.shutdown() } }
                throw error
            }
        }
        self.multis = multis
        taskExecutors = multis.map { TaskLoop($0.loop) }
    }

    deinit {
        if isShutDown { return }
        assertionFailure("a transport was dropped before it was shut down")
        Task { [multis] in for multi in multis { await multi.shutdown() } }
    }

    /// Whether `shutdown` has returned once.
    public var isShutDown: Bool { hasEnded.withLock { $0 } }

    /// Sends a request and waits for the head of the answer. Redirects are answers like others.
    ///
    /// - Returns: the answer's head, and its body to be read. The transfer ends when the response
    ///   and the iterators of its body are dropped.
    /// - Throws: `TransferError`; `.cancelled` within milliseconds of the task's cancellation,
    ///   `.shutDown` after `shutdown`.
    public func execute(
        _ request: TransferRequest
    ) async throws(TransferError) -> TransferResponse {
        let multi =
            multis.first { $0.loop.isOnThread }
            ?? multis[request.owner.number(below: multis.count)]
        return try await multi.execute(request)
    }

    /// Ends every transfer with `.shutDown`, closes all connections and joins the thread. Requests
    /// made later fail with `.shutDown`. Later calls do nothing.
    public func shutdown() async {
        for multi in multis { await multi.shutdown() }
        hasEnded.withLock { $0 = true }
    }

    /// Lives until the service group stops it, or the task is cancelled, and shuts down then. A
    /// group stops its services in reverse order: whatever sends requests comes after this one.
    public func run() async {
        // The error says that the task was cancelled, which asks for the same.
        try? await gracefulShutdown()
        await shutdown()
    }
}
