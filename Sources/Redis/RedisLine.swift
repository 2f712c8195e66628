import Foundation
import GoText

/// What is to be done at a server, and whether it is there: between those who ask and the threads that
/// speak with it.
///
/// `@unchecked Sendable`: `condition` is held wherever a property that changes is reached.
final class RedisLine: @unchecked Sendable {
    /// Keys of which the first bytes are wanted.
    struct Read {
        var keys: [[UInt8]]
        var count: Int
        /// When the answer is of no more use.
        var deadline: MonotonicInstant
        var waiting: CheckedContinuation<[RedisClient.Answer], Never>

        func resume(_ answer: RedisClient.Answer) {
            waiting.resume(returning: keys.map { _ in answer })
        }
    }

    struct Write {
        var key: [UInt8]
        /// About what it takes in memory.
        var bytes: Int
        /// nil to remove the key.
        var value: (@Sendable () -> RedisClient.Value?)?
    }

    /// What a thread does next.
    enum Errand {
        /// Finds out whether the server is back.
        case probe
        /// Makes the connection of this generation, before it is needed.
        case connect(Int)
        case read([Read], Int)
        case write([Write], Int)
        case end
    }

    private enum State {
        case up
        case probed
        case away(until: MonotonicInstant)
    }

    /// Those of one turn.
    private static let mostReads = 32
    private static let mostReadBytes = 8 << 20
    private static let mostWrites = 32
    private static let mostWriteBytes = 4 << 20
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)

    private let condition = NSCondition()
    /// Bytes of writes that wait at most.
    private let queueBytes: Int
    private let onChange: @Sendable (RedisClient.Change) -> Void
    private var state = State.away(until: .now)
    /// Connections of an earlier one are of no more use.
    private var generation = 0
    private var pause = RedisLine.shortestPause
    private var isToldAway = false
    private var reads: [Read] = []
    /// In the order in which they go, and by key.
    private var order: [[UInt8]] = []
    private var writes: [[UInt8]: Write] = [:]
    private var queued = 0
    private var counts = RedisClient.Counts()
    private var isOver = false

    init(queueBytes: Int, onChange: @escaping @Sendable (RedisClient.Change) -> Void) {
        self.queueBytes = queueBytes
        self.onChange = onChange
    }

    // MARK: - Those who ask

    var isUp: Bool { condition.withLock { if case .up = state { true } else { false } } }

    var counted: RedisClient.Counts { condition.withLock { counts } }

    /// Answers at once where the server is not there.
    func ask(_ read: Read) {
        let isTaken = condition.withLock {
            guard case .up = state, !isOver else { return false }
            reads.append(read)
            condition.broadcast()
            return true
        }
        if !isTaken { read.resume(.away) }
    }

    /// Takes the place of what waits to be written at the same key. For want of room the oldest goes.
    func put(_ write: Write) {
        // What is dropped may give memory back, and does so outside of the lock.
        let dropped = condition.withLock { () -> [Write] in
            guard !isOver, write.bytes <= queueBytes else {
                counts.dropped += 1
                return []
            }
            var dropped: [Write] = []
            if let former = writes.updateValue(write, forKey: write.key) {
                queued -= former.bytes
                dropped.append(former)
            } else {
                order.append(write.key)
            }
            queued += write.bytes
            while queued > queueBytes, let key = order.first {
                order.removeFirst()
                guard key != write.key else {
                    order.append(key)
                    continue
                }
                guard let oldest = writes.removeValue(forKey: key) else { continue }
                queued -= oldest.bytes
                counts.dropped += 1
                dropped.append(oldest)
            }
            condition.broadcast()
            return dropped
        }
        withExtendedLifetime(dropped) {}
    }

    /// Ends the threads.
    func end() {
        let waiting = condition.withLock {
            isOver = true
            writes = [:]
            condition.broadcast()
            defer { reads = [] }
            return reads
        }
        for read in waiting { read.resume(.away) }
    }

    // MARK: - The threads

    /// Waits for something to do.
    ///
    /// - Parameters:
    ///   - isWriter: Whether the thread writes, and does nothing else.
    ///   - connected: The generation of its connection; nil where it has none.
    func next(isWriter: Bool, connected: Int?) -> Errand {
        condition.withLock {
            while true {
                if isOver { return .end }
                switch state {
                case .up:
                    if isWriter {
                        if !writes.isEmpty { return .write(takeWrites(), generation) }
                    } else if !reads.isEmpty {
                        return .read(takeReads(), generation)
                    }
                    if connected != generation { return .connect(generation) }
                    condition.wait()
                case .probed: condition.wait()
                case .away(let until):
                    let left = MonotonicInstant.now.duration(to: until) / .seconds(1)
                    if isWriter {
                        condition.wait()
                    } else if left > 0 {
                        _ = condition.wait(until: Date(timeIntervalSinceNow: min(1, left)))
                    } else {
                        state = .probed
                        return .probe
                    }
                }
            }
        }
    }

    private func takeReads() -> [Read] {
        var bytes = 0
        var count = 0
        while count < min(reads.count, Self.mostReads) {
            bytes += reads[count].count * reads[count].keys.count
            if count > 0, bytes > Self.mostReadBytes { break }
            count += 1
        }
        defer { reads.removeFirst(count) }
        return Array(reads[..<count])
    }

    private func takeWrites() -> [Write] {
        var taken: [Write] = []
        var bytes = 0
        var count = 0
        while count < order.count, taken.count < Self.mostWrites, bytes < Self.mostWriteBytes {
            if let write = writes.removeValue(forKey: order[count]) {
                bytes += write.bytes
                taken.append(write)
            }
            count += 1
        }
        order.removeFirst(count)
        queued -= bytes
        return taken
    }

    /// A probe found the server.
    ///
    /// - Returns: The generation of connections that begins.
    func found() -> Int {
        let (begun, isNews) = condition.withLock {
            state = .up
            generation += 1
            condition.broadcast()
            defer { isToldAway = false }
            return (generation, isToldAway)
        }
        if isNews { onChange(.back) }
        return begun
    }

    /// The server answered a question, and not only a probe: it is asked again sooner when it is away
    /// the next time.
    func answered() { condition.withLock { pause = Self.shortestPause } }

    /// A probe failed, or a connection of this generation did. Nothing waits for the server from now
    /// on.
    ///
    /// - Parameter generation: nil of a probe.
    func failed(_ failure: RedisConnection.Failure, _ generation: Int?) {
        let (waiting, isNews) = condition.withLock { () -> ([Read], Bool) in
            if let generation {
                // Another connection of the same generation may have failed before.
                guard case .up = state, generation == self.generation else { return ([], false) }
            }
            state = .away(until: .now.advanced(by: pause))
            pause = min(pause * 2, Self.longestPause)
            condition.broadcast()
            defer {
                reads = []
                isToldAway = true
            }
            return (reads, !isToldAway)
        }
        for read in waiting { read.resume(.failed) }
        if isNews { onChange(.away(failure.description)) }
    }

    func count(written: Int, failed: Int) {
        condition.withLock {
            counts.written += written
            counts.failed += failed
        }
    }
}
