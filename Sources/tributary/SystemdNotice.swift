import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Tells systemd how far the gateway is, where systemd started it and waits for that (`Type=notify`;
/// sd_notify(3) has the protocol).
struct SystemdNotice {
    /// A path, or a name behind `@` in the abstract name space.
    private let name: String

    /// - Returns: nil where the environment names no socket, or one that there cannot be.
    init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@"),
            (2..<MemoryLayout.size(ofValue: sockaddr_un().sun_path)).contains(name.utf8.count)
        else { return nil }
        self.name = name
    }

    /// Sends a state, such as `READY=1`. A failure is passed over: systemd then says that it waited in
    /// vain.
    func send(_ state: String) {
        let descriptor = Self.socket()
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let rest = MemoryLayout.size(ofValue: address.sun_path) - path.count
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - rest)
        let bytes = Array(state.utf8)
        _ = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, length)
            }
        }
    }

    private static func socket() -> Int32 {
        #if canImport(Glibc)
        Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        #else
        Darwin.socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
    }
}
