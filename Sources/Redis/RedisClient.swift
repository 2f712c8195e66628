import Foundation
import GoText
import UpstreamSettings

/// Keeps bytes in a Redis or Valkey server, which may be away at any time: nothing waits for it then,
/// until it was found again in the background.
///
/// There are three connections, each with a thread of its own: two that read, and one that writes.
public final class RedisClient: Sendable {
    public struct Settings: Sendable {
        public var address: RedisAddress
        public var password: Secret?
        /// Bytes of writes that wait at most.
        public var queueBytes: Int

        public init(address: RedisAddress, password: Secret?, queueBytes: Int) {
            self.address = address
            self.password = password
            self.queueBytes = queueBytes
        }
    }

    public enum Answer: Sendable, Equatable {
        /// Empty where there is nothing at the key.
        case found([UInt8])
        /// The server refused, or did not answer in time.
        case failed
        /// The server was not asked, as it was away.
        case away
    }

    /// What is written at a key.
    public struct Value: Sendable {
        public var bytes: [UInt8]
        /// After this the server forgets it; at least a millisecond.
        public var lifetime: Milliseconds

        public init(bytes: [UInt8], lifetime: Milliseconds) {
            self.bytes = bytes
            self.lifetime = lifetime
        }
    }

    public struct Counts: Sendable, Equatable {
        /// What the server took.
        public var written = 0
        /// What it did not take.
        public var failed = 0
        /// What was not sent, for want of room in the queue.
        public var dropped = 0

        public init() {}
    }

    /// News of the server, which is expected to be there.
    public enum Change: Sendable, Equatable {
        /// After it was away.
        case back
        /// Why it cannot be used; holds no secret.
        case away(String)
    }

    /// For connecting, when no query waits.
    private static let connectTime = Duration.seconds(2)
    /// For writing what was taken from the queue at once.
    private static let writeTime = Duration.seconds(5)

    private let line: RedisLine

    /// Begins to connect.
    ///
    /// - Parameter onChange: is told on threads of the client, which wait for it.
    public init(_ settings: Settings, onChange: @escaping @Sendable (Change) -> Void = { _ in }) {
        line = RedisLine(queueBytes: settings.queueBytes, onChange: onChange)
        for index in 0..<3 {
            let thread = Thread { [line] in
                var speaker = Speaker(settings, line, isWriter: index == 0)
                speaker.run()
            }
            thread.name = index == 0 ? "redis writes" : "redis reads"
            thread.start()
        }
    }

    deinit { line.end() }

    public var isUp: Bool { line.isUp }

    public var counts: Counts { line.counted }

    /// The first bytes of the values of keys, each up to so many.
    ///
    /// - Parameter deadline: A server that has not answered by then is away.
    public func first(
        _ count: Int, of keys: [[UInt8]], until deadline: MonotonicInstant
    ) async -> [Answer] {
        await withCheckedContinuation { waiting in
            line.ask(RedisLine.Read(keys: keys, count: count, deadline: deadline, waiting: waiting))
        }
    }

    /// Writes some time later, or never. Only the last value of those that wait for one key is
    /// written.
    ///
    /// - Parameters:
    ///   - bytes: About what it takes in memory while it waits.
    ///   - value: Is asked for on a thread of the client; nil writes nothing.
    public func put(_ key: [UInt8], bytes: Int, _ value: @escaping @Sendable () -> Value?) {
        line.put(RedisLine.Write(key: key, bytes: bytes, value: value))
    }

    public func remove(_ key: [UInt8]) {
        line.put(RedisLine.Write(key: key, bytes: key.count, value: nil))
    }

    /// A connection, as long as there is one, and the thread that speaks over it.
    private struct Speaker {
        let settings: Settings
        let line: RedisLine
        let isWriter: Bool
        private var connection: RedisConnection?
        private var generation: Int?

        init(_ settings: Settings, _ line: RedisLine, isWriter: Bool) {
            self.settings = settings
            self.line = line
            self.isWriter = isWriter
        }

        mutating func run() {
            while true {
                let connected = connection == nil ? nil : generation
                switch line.next(isWriter: isWriter, connected: connected) {
                case .end: return
                case .probe: probe()
                case .connect(let current):
                    _ = try? connect(current, until: .now.advanced(by: connectTime))
                case .read(let reads, let current): read(reads, current)
                case .write(let writes, let current): write(writes, current)
                }
            }
        }

        private mutating func probe() {
            do throws(RedisConnection.Failure) {
                connection = try RedisConnection(
                    settings.address, password: settings.password,
                    until: .now.advanced(by: connectTime))
                generation = line.found()
            } catch {
                connection = nil
                line.failed(error, nil)
            }
        }

        /// The connection of a generation, made where there is none or where the server closed it.
        private mutating func connect(
            _ current: Int, until deadline: MonotonicInstant
        ) throws(RedisConnection.Failure) -> RedisConnection {
            if generation == current, let connection, connection.isOpen { return connection }
            connection = nil
            do throws(RedisConnection.Failure) {
                let made = try RedisConnection(
                    settings.address, password: settings.password, until: deadline)
                (connection, generation) = (made, current)
                return made
            } catch {
                line.failed(error, current)
                throw error
            }
        }

        private mutating func read(_ reads: [RedisLine.Read], _ current: Int) {
            let now = MonotonicInstant.now
            // For want of a thread, which says nothing of the server.
            for late in reads where late.deadline <= now { late.resume(.failed) }
            let reads = reads.filter { $0.deadline > now }
            guard let deadline = reads.map(\.deadline).min() else { return }
            let commands = reads.flatMap { read in
                read.keys.map { key in
                    RedisConnection.Command(
                        [
                            Array("GETRANGE".utf8), key, [UInt8(ascii: "0")],
                            Array(String(read.count - 1).utf8),
                        ], longestReply: read.count)
                }
            }
            do throws(RedisConnection.Failure) {
                let replies = try connect(current, until: deadline).call(commands, until: deadline)
                line.answered()
                var next = replies[...]
                for read in reads {
                    let answers = next.prefix(read.keys.count).map { reply -> Answer in
                        if case .bytes(let bytes) = reply { return .found(bytes) }
                        return .failed
                    }
                    next = next.dropFirst(read.keys.count)
                    read.waiting.resume(returning: answers)
                }
            } catch {
                connection = nil
                line.failed(error, current)
                for read in reads { read.resume(.failed) }
            }
        }

        private mutating func write(_ writes: [RedisLine.Write], _ current: Int) {
            let commands = writes.compactMap { write -> RedisConnection.Command? in
                guard let value = write.value else {
                    return RedisConnection.Command([Array("DEL".utf8), write.key])
                }
                return value().map { value in
                    RedisConnection.Command([
                        Array("SET".utf8), write.key, value.bytes, Array("PX".utf8),
                        Array(String(max(1, value.lifetime.count)).utf8),
                    ])
                }
            }
            if commands.isEmpty { return }
            do throws(RedisConnection.Failure) {
                let deadline = MonotonicInstant.now.advanced(by: writeTime)
                let replies = try connect(current, until: deadline).call(commands, until: deadline)
                let written = replies.count { $0 == .done }
                line.count(written: written, failed: replies.count - written)
            } catch {
                connection = nil
                line.failed(error, current)
                line.count(written: 0, failed: commands.count)
            }
        }
    }
}
