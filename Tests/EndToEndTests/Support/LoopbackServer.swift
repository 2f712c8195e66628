import Foundation
import Glibc
import RealServers
import TestSupport

/// A small HTTP server on a free loopback port: stands for broken members, and counts for good
/// ones. One thread a connection, one request a connection.
final class LoopbackServer: @unchecked Sendable {
    /// What came in.
    struct Request: Sendable {
        var method: String
        var target: String
        var headers: [(String, String)]
        var body: [UInt8]

        /// The path without the query.
        var path: String { String(target.prefix { $0 != "?" }) }
    }

    let port: UInt16
    private let listener: Int32
    // Guarded by `lock`.
    private let lock = NSLock()
    private var seen: [Request] = []

    init(_ handler: @escaping @Sendable (Request, Socket) throws -> Void) throws {
        let (descriptor, bound) = try Self.listen()
        listener = descriptor
        port = bound
        let record: @Sendable (Request) -> Void = { [weak self] in self?.record($0) }
        let thread = Thread {
            while true {
                let accepted = accept(descriptor, nil, nil)
                guard accepted >= 0 else { return }
                Thread.detachNewThread {
                    let socket = Socket(descriptor: accepted)
                    socket.limitSilence(to: 60)
                    guard let request = try? Self.request(from: socket) else { return }
                    record(request)
                    // A gateway that hangs up early is part of what is tested.
                    try? handler(request, socket)
                }
            }
        }
        thread.start()
    }

    deinit { stop() }

    /// No connection is accepted any more.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    var address: HTTPAddress { HTTPAddress(port: port) }

    /// The requests so far, without questions about the server itself.
    var queries: [Request] {
        lock.lock()
        defer { lock.unlock() }
        return seen.filter { !$0.path.hasPrefix("/api/v1/status/") && !$0.path.hasPrefix("/-/") }
    }

    func forget() {
        lock.lock()
        defer { lock.unlock() }
        seen = []
    }

    private func record(_ request: Request) {
        lock.lock()
        defer { lock.unlock() }
        seen.append(request)
    }

    private static func listen() throws -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = Socket.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 128) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard status else {
            let cause = errno
            close(descriptor)
            throw TestFailure("no free port: \(cause)")
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func request(from socket: Socket) throws -> Request {
        let words = (try socket.readLine() ?? "").split(separator: " ").map(String.init)
        guard words.count == 3 else { throw TestFailure("no request") }
        var request = Request(method: words[0], target: words[1], headers: [], body: [])
        while let line = try socket.readLine(), !line.isEmpty {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop(while: { $0 == " " })
            request.headers.append((line[..<colon].lowercased(), String(value)))
        }
        let length = request.headers.first { $0.0 == "content-length" }.flatMap { Int($0.1) }
        try socket.read(length ?? 0) { request.body += $0 }
        return request
    }
}
