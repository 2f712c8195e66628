import Dispatch
import GoText
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes lines to a file or to standard error, on a thread of its own: a disk or a reader that does
/// not answer never makes a query wait. What does not fit into the queue is dropped and counted.
public final class LogWriter: Sendable {
    /// Where lines go.
    public enum Destination: Sendable, Hashable {
        case standardError
        case file(String)
    }

    /// Why a file cannot be written to.
    public struct Unwritable: Error, Sendable, CustomStringConvertible {
        public var description: String
    }

    private struct State {
        var waiting: [[UInt8]] = []
        var waitingBytes = 0
        var isWriting = false
        /// Since the last line that told it.
        var untold = 0
        var dropped = 0
    }

    public let destination: Destination
    /// Of the lines that wait, in bytes.
    private let limit: Int
    /// The line that tells how many lines were dropped.
    private let loss: @Sendable (Int) -> [UInt8]
    private let queue: DispatchQueue
    private let state = Mutex(State())
    private let descriptor: Mutex<Int32>

    /// - Parameters:
    ///   - limit: Bytes of lines that may wait.
    ///   - loss: Makes the line, without its end, that tells how many were dropped.
    /// - Throws: where the file cannot be opened.
    public init(
        to destination: Destination, limit: Int = 4 << 20,
        loss: @escaping @Sendable (Int) -> [UInt8]
    ) throws(Unwritable) {
        self.destination = destination
        self.limit = limit
        self.loss = loss
        queue = DispatchQueue(label: "log-writer")
        descriptor = Mutex(try Self.open(destination))
    }

    deinit { if case .file = destination { close(descriptor.withLock { $0 }) } }

    /// Lines that were dropped since the start.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Queues a line without its end. Returns at once.
    public func write(_ line: [UInt8]) {
        let mustStart = state.withLock { state in
            guard state.waitingBytes + line.count < limit else {
                state.untold += 1
                state.dropped += 1
                return false
            }
            state.waiting.append(line)
            state.waitingBytes += line.count + 1
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { self.writeWaiting() } }
    }

    /// Opens the file again by its name, as after it was moved away.
    ///
    /// - Throws: where that fails; lines then go to the file of before.
    public func reopen() throws(Unwritable) {
        guard case .file = destination else { return }
        let new = try Self.open(destination)
        queue.async {
            let old = self.descriptor.withLock { descriptor in
                defer { descriptor = new }
                return descriptor
            }
            close(old)
        }
    }

    /// Waits until what was queued is written, and no longer than that.
    public func flush(within time: Duration = .seconds(1)) {
        let written = DispatchSemaphore(value: 0)
        queue.async { written.signal() }
        _ = written.wait(timeout: .now() + .milliseconds(Int(time.millisecondsToWait)))
    }

    private func writeWaiting() {
        while true {
            let (lines, lost) = state.withLock { state in
                let taken = (state.waiting, state.untold)
                state.waiting = []
                state.waitingBytes = 0
                state.untold = 0
                state.isWriting = !taken.0.isEmpty || taken.1 > 0
                return taken
            }
            if lines.isEmpty && lost == 0 { return }
            var bytes: [UInt8] = []
            for line in lines + (lost > 0 ? [loss(lost)] : []) {
                bytes += line
                bytes.append(UInt8(ascii: "\n"))
            }
            Self.write(bytes, to: descriptor.withLock { $0 })
        }
    }

    /// What cannot be written is lost: there is nowhere to say so.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0) }
            if count < 0, errno != EINTR, errno != EAGAIN { return }
            // A pipe is full, or another process made standard error non-blocking.
            if count < 0 { usleep(1000) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    private static func write(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #else
        Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func open(_ destination: Destination) throws(Unwritable) -> Int32 {
        guard case .file(let path) = destination else { return STDERR_FILENO }
        // A pipe without a reader is refused, and not waited for.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK
        #if canImport(Glibc)
        let descriptor = Glibc.open(path, flags, 0o640)
        #else
        let descriptor = Darwin.open(path, flags, 0o640)
        #endif
        guard descriptor >= 0 else {
            throw Unwritable(description: "\(path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }
}
