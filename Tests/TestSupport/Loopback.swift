import Glibc
import Synchronization

/// Ports of the loopback interface.
public enum LoopbackPort {
    public struct NoneFree: Error {}

    private static let next = Mutex(UInt16.random(in: 20_000..<32_000))

    /// A port that no server listens on at this moment. It is below those that the system gives to
    /// outgoing connections, which could take it before the server that it is for listens.
    public static func free() throws(NoneFree) -> UInt16 {
        for _ in 0..<1000 {
            let port = next.withLock { next in
                next = next >= 32_000 ? 20_000 : next + 1
                return next
            }
            if canListen(on: port) { return port }
        }
        throw NoneFree()
    }

    private static func canListen(on port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    && listen(descriptor, 1) == 0
            }
        }
    }
}
