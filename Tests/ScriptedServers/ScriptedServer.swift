import Glibc
import HTTPTransport

/// An HTTP/1.1 server on loopback whose answers, good or bad, are written byte by byte by a
/// closure. Threads only, so that it works however busy the tasks under test are.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        package var method = ""
        package var target = ""
        package var headers: [(name: String, value: String)] = []
        package var body = ""
        package var bodyBytes: [UInt8] = []
        /// Which connection of the server, from 1 on.
        package var connection = 0

        package var path: String { String(target.prefix { $0 != "?" }) }
        /// Form or query, as sent.
        package var parameters: String {
            body.isEmpty ? String(target.drop { $0 != "?" }.dropFirst()) : body
        }
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// Returns whether the connection stays open.
    package typealias Script = @Sendable (Request, Connection) -> Bool

    package let port: Int
    private let listener: Int32
    private let state = LockedValue(State())

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var open: Set<Int32> = []
        var isStopped = false
    }

    /// - Parameter port: 0 for one of the system's choice.
    package init(port: Int = 0, _ script: @escaping Script) throws {
        (listener, self.port) = try Self.bound(to: port)
        guard listen(listener, 512) == 0 else { throw Failure() }
        let listener = listener
        Self.detach { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 {
                    // Closed by the thread that uses it: the number may be given out again.
                    close(listener)
                    return
                }
                let number = state.withLock { state in
                    state.connections += 1
                    if state.isStopped { return 0 }
                    state.open.insert(descriptor)
                    return state.connections
                }
                if number == 0 {
                    close(descriptor)
                    continue
                }
                Self.detach { self.serve(descriptor, number, script) }
            }
        }
    }

    package struct Failure: Error {}

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { state.withLock { $0.requests } }
    package var connections: Int { state.withLock { $0.connections } }

    /// Waits until so many requests have come.
    package func received(_ count: Int) async -> Bool {
        for _ in 0..<2000 {
            if requests.count >= count { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// A port that refuses connections for as long as the process lives: a socket that is never
    /// closed holds it, so that no other server of the tests is given it.
    package static func deadPort() throws -> Int { try bound().port }

    /// A socket with a port, which does not listen yet.
    private static func bound(to port: Int = 0) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else { throw Failure() }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private func serve(_ descriptor: Int32, _ number: Int, _ script: Script) {
        let connection = Connection(descriptor: descriptor)
        defer {
            state.withLock { state in
                state.open.remove(descriptor)
                close(descriptor)
            }
        }
        while var request = connection.readRequest() {
            request.connection = number
            state.withLock { $0.requests.append(request) }
            if !script(request, connection) { return }
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    package static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(body)).toOpaque())
        pthread_detach(thread)
    }
}

/// One accepted connection; used by its own thread.
package final class Connection: Sendable {
    private let descriptor: Int32
    private let rest = LockedValue<[UInt8]>([])

    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// False once the peer is gone.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// A whole answer with its length.
    package func answer(
        _ body: [UInt8], status: String = "200 OK", type: String = "application/json",
        extra: String = ""
    ) -> Bool {
        write(
            Array(
                ("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(extra)"
                    + "Content-Length: \(body.count)\r\n\r\n").utf8) + body)
    }

    package func answer(
        _ body: String, status: String = "200 OK", type: String = "application/json",
        extra: String = ""
    ) -> Bool {
        answer(Array(body.utf8), status: status, type: type, extra: extra)
    }

    package func chunk(_ bytes: [UInt8]) -> Bool {
        write(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
    }

    package func chunk(_ text: String) -> Bool { chunk(Array(text.utf8)) }

    /// Waits until the peer closes; false if it has not within so many milliseconds.
    package func waitForEnd(milliseconds: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, milliseconds) > 0 else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) <= 0
    }

    package func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

    package func readRequest() -> ScriptedServer.Request? {
        guard let head = read(until: Array("\r\n\r\n".utf8)) else { return nil }
        var request = ScriptedServer.Request()
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3 else { return nil }
        request.method = String(words[0])
        request.target = String(words[1])
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            request.headers.append((String(line[..<colon]), String(value)))
        }
        let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
        guard let body = read(count: length) else { return nil }
        request.bodyBytes = body
        request.body = String(decoding: body, as: UTF8.self)
        return request
    }

    private func fill() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count <= 0 { return false }
        rest.withLock { $0.append(contentsOf: buffer[..<count]) }
        return true
    }

    private func read(until mark: [UInt8]) -> [UInt8]? {
        while true {
            let found = rest.withLock { rest -> [UInt8]? in
                guard rest.count >= mark.count else { return nil }
                for start in 0...(rest.count - mark.count)
                where rest[start..<(start + mark.count)].elementsEqual(mark) {
                    defer { rest.removeFirst(start + mark.count) }
                    return Array(rest[..<start])
                }
                return nil
            }
            if let found { return found }
            // A TLS greeting, to which a plain server says something unintelligible.
            if rest.withLock({ $0.first == 0x16 }) {
                write("HTTP/1.1 400 Bad Request\r\n\r\n")
                return nil
            }
            if !fill() { return nil }
        }
    }

    private func read(count: Int) -> [UInt8]? {
        while rest.withLock({ $0.count }) < count {
            if !fill() { return nil }
        }
        return rest.withLock { rest in
            defer { rest.removeFirst(count) }
            return Array(rest[..<count])
        }
    }
}
