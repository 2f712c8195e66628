import Glibc
import TelemetryDoubles
import Testing

@Suite struct TelemetryServerTests {
    /// All that a server sends for a request before it closes, or before so many bytes.
    private static func exchange(
        _ port: Int, _ head: String, most: Int = 1 << 20
    ) -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length) == 0
            }
        }
        guard isConnected else { return "" }
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let text = head + "\r\nHost: a\r\n\r\n"
        _ = text.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while received.count < most {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            received += buffer[..<count]
        }
        return String(decoding: received, as: UTF8.self)
    }

    private static let labels = "GET /loki/api/v1/labels?start=1795734000&end=1795735200 HTTP/1.1"

    private func server() throws -> TelemetryServer {
        try TelemetryServer(LokiDouble(RecordedData.logs(.memberA)))
    }

    @Test func `a double answers on a port, and what it was asked is known`() throws {
        let server = try server()
        defer { server.stop() }
        let answer = Self.exchange(server.port, Self.labels)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix(#""project","service_name"]}"# + "\n"))
        #expect(server.requests.map(\.path) == ["/loki/api/v1/labels"])
        #expect(server.requests[0].parameter("start") == "1795734000")
    }

    @Test func `faults meet the requests that are meant, until they end`() throws {
        let server = try server()
        defer { server.stop() }
        server.fail(.status(429, "too many outstanding requests")) { $0.path.hasSuffix("labels") }
        #expect(Self.exchange(server.port, Self.labels).hasPrefix("HTTP/1.1 429 "))
        let other = "GET /loki/api/v1/status/buildinfo HTTP/1.1"
        #expect(Self.exchange(server.port, other).hasPrefix("HTTP/1.1 200 "))
        server.fail(nil)
        #expect(Self.exchange(server.port, Self.labels).hasPrefix("HTTP/1.1 200 "))
    }

    @Test func `a body can be cut, be HTML, or never end`() throws {
        let server = try server()
        defer { server.stop() }
        server.fail(.cut(afterBytes: 10))
        #expect(Self.exchange(server.port, Self.labels).hasSuffix("\r\n\r\n{\"status\":"))
        server.fail(.html)
        #expect(Self.exchange(server.port, Self.labels).contains("text/html"))
        server.fail(.close)
        #expect(Self.exchange(server.port, Self.labels).isEmpty)
        server.fail(.endless)
        let most = 300_000
        #expect(Self.exchange(server.port, Self.labels, most: most).utf8.count >= most)
    }

    @Test func `tenants are asked for by their header`() throws {
        let loki = try RecordedData.loki()
        let target = "/loki/api/v1/label/app/values?start=1795734000&end=1795735200"
        #expect(loki.answer(DoubleRequest(target: target)).status == 401)
        func apps(_ tenant: String) -> String {
            let request = DoubleRequest(target: target, headers: [("X-Scope-OrgID", tenant)])
            return String(decoding: loki.answer(request).body, as: UTF8.self)
        }
        #expect(apps("prod-a").contains("onlya"))
        #expect(!apps("prod-b").contains("onlya"))
        #expect(apps("union").contains("onlya"))
    }
}
