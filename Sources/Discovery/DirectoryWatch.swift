import Dispatch

#if canImport(Glibc)
import Glibc
#endif

/// Tells when something in some directories may have changed: as soon as the system says so, and every
/// few seconds, since not every file system does.
public struct DirectoryWatch: Sendable {
    /// How long files must stay as they are until they are taken for written.
    public static let settling: Duration = .milliseconds(150)
    /// Seconds between two looks where the system tells changes, and where it does not.
    private static let (whileTold, whileUntold) = (5, 1)

    /// Ends when the task that reads it is cancelled. What happens between two elements is one element.
    public let changes: AsyncStream<Void>

    /// - Parameter directories: Those that are not there are looked for again and again.
    public init(_ directories: [String]) {
        let (changes, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        self.changes = changes
        let queue = DispatchQueue(label: "directory-watch", qos: .utility)
        let notifications = Self.notifications(directories, on: queue) { continuation.yield() }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let interval = DispatchTimeInterval.seconds(
            notifications == nil ? Self.whileUntold : Self.whileTold)
        timer.schedule(deadline: .now() + interval, repeating: interval, leeway: .milliseconds(100))
        timer.setEventHandler { continuation.yield() }
        timer.resume()
        let sources = Sources([timer] + (notifications.map { [$0] } ?? []))
        continuation.onTermination = { _ in sources.cancel() }
        // What happened before the watch began is seen too.
        continuation.yield()
    }

    /// `@unchecked Sendable`: the list is a constant, and a source may be cancelled on any thread.
    private final class Sources: @unchecked Sendable {
        private let sources: [any DispatchSourceProtocol]

        init(_ sources: [any DispatchSourceProtocol]) { self.sources = sources }

        func cancel() { for source in sources { source.cancel() } }
    }

    /// What the system tells of directories: inotify, which Linux alone has.
    ///
    /// - Returns: nil where not every directory can be watched.
    private static func notifications(
        _ directories: [String], on queue: DispatchQueue, _ onChange: @escaping @Sendable () -> Void
    ) -> (any DispatchSourceProtocol)? {
        #if canImport(Glibc)
        if directories.isEmpty { return nil }
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let events =
            IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE
            | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
        for directory in directories {
            guard inotify_add_watch(descriptor, directory, UInt32(events)) >= 0 else {
                close(descriptor)
                return nil
            }
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler {
            var events = [UInt8](repeating: 0, count: 16 << 10)
            while events.withUnsafeMutableBytes({ read(descriptor, $0.baseAddress, $0.count) }) > 0
            {}
            onChange()
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
        return source
        #else
        return nil
        #endif
    }
}
