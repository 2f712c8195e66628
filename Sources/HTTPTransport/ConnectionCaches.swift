import CCurl
import GoText

#if canImport(Glibc)
import Glibc
#endif

/// The owner of a request. Requests of different owners never share a connection, also where they
/// go to the same server: bytes that a server leaves on one cannot reach another owner.
public struct ConnectionOwner: Sendable, Hashable {
    private static let count = LockedValue<UInt64>(0)
    private let number: UInt64

    /// Of requests that say nothing else.
    public static let common = ConnectionOwner()

    /// The same number at all times, as any other below the limit.
    func number(below limit: Int) -> Int { Int(number % UInt64(limit)) }

    /// An owner like no other.
    public init() {
        number = Self.count.withLock { count in
            count += 1
            return count
        }
    }
}

/// The connections of one owner: libcurl's cache of them, and which of them carry no request now.
///
/// Belongs to the loop's thread.
final class ConnectionCache {
    let owner: ConnectionOwner
    /// libcurl's share handle.
    let share: OpaquePointer
    /// Transfers that may use it.
    fileprivate(set) var running = 0
    fileprivate var lastUse = MonotonicInstant.now
    /// Those open between requests.
    fileprivate var open: Set<Int32> = []
    /// Those of them on which a server must be silent until it is asked, as HTTP/1 has it.
    fileprivate var silent: Set<Int32> = []

    fileprivate init?(_ owner: ConnectionOwner) {
        guard let share = ccurl_share_of_connections() else { return nil }
        self.owner = owner
        self.share = OpaquePointer(share)
    }

    /// Closes the connections; no transfer may use the cache any more.
    deinit { curl_share_cleanup(UnsafeMutableRawPointer(share)) }
}

/// The connections of all owners.
///
/// libcurl takes bytes that wait on a connection for the answer to the next request, though nothing
/// was asked when it came. So the connections of an owner are looked at before a transfer may use
/// one: where bytes wait, or the end, a new cache takes the place of theirs, which closes with its
/// last transfer.
///
/// Belongs to the loop's thread: to the actor and to libcurl's callbacks.
final class ConnectionCaches {
    private let loop: EventLoop
    private let kept: Int
    private var caches: [ConnectionOwner: ConnectionCache] = [:]
    /// Those that libcurl watches, hence uses.
    private var busy: Set<Int32> = []
    private var holders: [Int32: ConnectionCache] = [:]

    /// - Parameter kept: How many connections stay open between requests, of all owners.
    init(loop: EventLoop, kept: Int) {
        self.loop = loop
        self.kept = kept
    }

    // MARK: - Transfers

    /// The cache for a transfer that starts now; nil when there is no memory. To be given back by
    /// `ended`.
    func started(by owner: ConnectionOwner) -> ConnectionCache? {
        if let former = caches[owner], !former.silent.allSatisfy(Self.isSilent) { drop(former) }
        guard let cache = caches[owner] ?? ConnectionCache(owner) else { return nil }
        caches[owner] = cache
        cache.running += 1
        cache.lastUse = .now
        return cache
    }

    /// - Parameter socket: What the transfer used, if it is still open.
    func used(_ socket: Int32, of cache: ConnectionCache, isHTTP1: Bool) {
        guard caches[cache.owner] === cache else { return }
        holders[socket] = cache
        cache.open.insert(socket)
        if isHTTP1, !busy.contains(socket) { cache.silent.insert(socket) }
    }

    /// The transfer has nothing to do with the cache any more.
    func ended(_ cache: ConnectionCache) {
        cache.running -= 1
        guard caches[cache.owner] === cache else { return }
        if cache.running == 0, cache.open.isEmpty { drop(cache) }
        while holders.count > kept, let oldest = oldestUnused() { drop(oldest) }
    }

    private func oldestUnused() -> ConnectionCache? {
        caches.values.filter { $0.running == 0 }.min { $0.lastUse < $1.lastUse }
    }

    /// It closes with the last transfer that uses it.
    private func drop(_ cache: ConnectionCache) {
        for socket in cache.open { holders[socket] = nil }
        caches[cache.owner] = nil
    }

    func closeAll() {
        for cache in Array(caches.values) { drop(cache) }
    }

    private static let peekWithoutWaiting = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)

    private static func isSilent(_ socket: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, peekWithoutWaiting)
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
    }

    // MARK: - Callbacks: C functions, called on the loop's thread

    /// libcurl uses a socket, or does no longer.
    static let socketChanged: ccurl_socket_function = { _, socket, what, context, _ in
        guard let context else { return 0 }
        let caches = Unmanaged<ConnectionCaches>.fromOpaque(context).takeUnretainedValue()
        if what == CURL_POLL_REMOVE {
            caches.busy.remove(socket)
            caches.loop.unwatch(socket)
            return 0
        }
        caches.busy.insert(socket)
        caches.holders[socket]?.silent.remove(socket)
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        caches.loop.watch(socket, events: events)
        return 0
    }

    static let socketClosed: ccurl_close_function = { context, socket in
        if let context {
            let caches = Unmanaged<ConnectionCaches>.fromOpaque(context).takeUnretainedValue()
            caches.busy.remove(socket)
            if let cache = caches.holders.removeValue(forKey: socket) {
                cache.open.remove(socket)
                cache.silent.remove(socket)
            }
        }
        return close(socket)
    }
}
