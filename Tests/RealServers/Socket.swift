public import Glibc
import TestSupport

/// A TCP connection on the loopback interface, used from one thread.
public final class Socket {
    private let descriptor: Int32
    private var buffered: [UInt8] = []
    private var offset = 0

    public init(descriptor: Int32) {
        self.descriptor = descriptor
        var one: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects to 127.0.0.1; reads and writes give up after `timeout` seconds of silence.
    public convenience init(connectingTo port: UInt16, timeout: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("no socket: \(errno)") }
        self.init(descriptor: descriptor)
        limitSilence(to: timeout)
        var address = Self.loopback(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw TestFailure("port \(port) refused: \(errno)") }
    }

    deinit { close(descriptor) }

    public static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    public func limitSilence(to seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    public func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                let rest = UnsafeRawBufferPointer(rebasing: $0[sent...])
                return send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("connection broke while writing") }
            sent += count
        }
    }

    /// Sends no more, and still reads.
    public func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    public func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Up to 64 KiB, or nothing at the end of the stream.
    public func read() throws -> [UInt8] {
        if offset < buffered.count {
            defer {
                buffered = []
                offset = 0
            }
            return Array(buffered[offset...])
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0 { throw TestFailure("no bytes came: \(errno)") }
        chunk.removeLast(chunk.count - count)
        return chunk
    }

    /// What has come, up to `most` bytes; waits for nothing, and is empty after the end too.
    public func readAvailable(atMost most: Int) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &chunk, most, Int32(MSG_DONTWAIT))
        chunk.removeLast(chunk.count - max(0, count))
        return chunk
    }

    /// Whether something came, or the end did, within a time.
    public func hasInput(within milliseconds: Int) -> Bool {
        var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&question, 1, Int32(milliseconds)) > 0
    }

    /// Lets the system keep little of what was not read yet, so that the sender notices.
    public func receiveLittle() {
        var bytes: Int32 = 4096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Up to and without CRLF; nil at the end of the stream.
    public func readLine() throws -> String? {
        var line: [UInt8] = []
        while true {
            if offset >= buffered.count {
                offset = 0
                buffered = []
                buffered = try read()
                if buffered.isEmpty { return nil }
            }
            let byte = buffered[offset]
            offset += 1
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return String(decoding: line, as: UTF8.self)
            }
            line.append(byte)
        }
    }

    /// Passes exactly `count` bytes on, in pieces.
    public func read(_ count: Int, _ each: ([UInt8]) throws -> Void) throws {
        var left = count
        while left > 0 {
            let piece = try read()
            guard !piece.isEmpty else { throw TestFailure("\(left) bytes are missing") }
            if piece.count > left {
                buffered = Array(piece[left...])
                offset = 0
                try each(Array(piece[..<left]))
                return
            }
            left -= piece.count
            try each(piece)
        }
    }
}
