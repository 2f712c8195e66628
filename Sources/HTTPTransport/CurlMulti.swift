import ServiceLifecycle

/// The transport: HTTP/1.1 and, over TLS, HTTP/2 through libcurl's multi interface, on one thread
/// with an epoll loop. No transfer ever blocks that thread.
///
/// It has one owner, who runs it as a service or calls `shutdown` once its users are done. To drop
/// it before that is a mistake: a debug build traps, a release build shuts it down by itself.
public final class CurlMulti: Service {
    private let multi: MultiHandle
    private let hasEnded = LockedValue(false)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - keptConnections: how many connections stay open for reuse; at least eight for each server,
    ///     or they crowd each other out.
    ///   - receiveBytes: what all transfers together keep of bytes that were not read yet. The more
    ///     transfers there are, the less each one receives ahead of its reader, though never less
    ///     than 32 KiB.
    /// - Throws: `TransferError` of the kind `.noResources`.
    public init(
        keptConnections: Int = 1024, receiveBytes: Int = .max
    ) throws(TransferError) {
        multi = try MultiHandle(keptConnections: keptConnections, receiveBytes: receiveBytes)
    }

    deinit {
        if isShutDown { return }
        assertionFailure("a transport was dropped before it was shut down")
        Task { [multi] in await multi.shutdown() }
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
        try await multi.execute(request)
    }

    /// Ends every transfer with `.shutDown`, closes all connections and joins the thread. Requests
    /// made later fail with `.shutDown`. Later calls do nothing.
    public func shutdown() async {
        await multi.shutdown()
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
