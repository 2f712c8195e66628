import Foundation
import RealServers
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a gateway tells systemd, which starts it with `Type=notify`.
struct SystemdNoticeTests {
    /// The socket that systemd reads.
    private final class Receiver: Sendable {
        private let descriptor: Int32

        init(at path: String) throws {
            #if canImport(Glibc)
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            #else
            descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
            #endif
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
                throw TestFailure("the path of a socket is too long: \(path)")
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let bound = withUnsafePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            var patience = timeval(tv_sec: 60, tv_usec: 0)
            setsockopt(
                descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience,
                socklen_t(MemoryLayout<timeval>.size))
            if bound != 0 { throw TestFailure("no socket at \(path): \(errno)") }
        }

        deinit { close(descriptor) }

        /// Waits for the next message; nil after a minute without one.
        func next() -> String? {
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    @Test("It is told when the gateway answers, and when it begins to stop")
    func readyAndStopping() async throws {
        try await offPool {
            // The path of a socket may have 107 bytes.
            let folder = "/tmp/tributary-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let receiver = try Receiver(at: "\(folder)/notify")
            try "projects: [{name: away, prometheus: {url: \"http://127.0.0.1:1\"}}]\n".write(
                toFile: "\(folder)/c.yaml", atomically: true, encoding: .utf8)
            let (gateway, address) = try ChildProcess.gateway(
                "gateway", over: "\(folder)/c.yaml", in: folder,
                environment: ["NOTIFY_SOCKET=\(folder)/notify"])
            #expect(receiver.next() == "READY=1")
            #expect(try address.get("/-/ready").status == 200)
            gateway.stop()
            #expect(receiver.next() == "STOPPING=1")
        }
    }
}
