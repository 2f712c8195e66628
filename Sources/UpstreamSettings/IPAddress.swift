#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An IP address. An IPv4 address equals its IPv4-mapped IPv6 form.
public struct IPAddress: Sendable, Hashable {
    /// The 16 bytes of IPv6; IPv4 addresses are mapped into it.
    private let bytes: [UInt8]

    private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]

    /// - Parameter text: Dotted IPv4 of four numbers, or IPv6 with or without its brackets.
    /// - Returns: nil for anything else, names above all.
    public init?(_ text: String) {
        var host = text[...]
        if host.hasPrefix("["), host.hasSuffix("]"), host.contains(":") {
            host = host.dropFirst().dropLast()
        }
        // The C function reads up to the first NUL.
        guard host.utf8.count < 64, !host.utf8.contains(0) else { return nil }
        var short = in_addr()
        if inet_pton(AF_INET, String(host), &short) == 1 {
            bytes = Self.mappedPrefix + withUnsafeBytes(of: short) { Array($0) }
            return
        }
        var long = in6_addr()
        guard inet_pton(AF_INET6, String(host), &long) == 1 else { return nil }
        bytes = withUnsafeBytes(of: long) { Array($0) }
    }

    private var isIPv4: Bool { bytes.starts(with: Self.mappedPrefix) }

    /// 127.0.0.0/8 and `::1`.
    public var isLoopback: Bool {
        isIPv4 ? bytes[12] == 127 : bytes == Array(repeating: 0, count: 15) + [1]
    }

    /// `0.0.0.0` and `::`: to listen there is to listen on every address of this machine.
    public var isUnspecified: Bool { bytes.dropFirst(isIPv4 ? 12 : 0).allSatisfy { $0 == 0 } }
}

/// A host as URLs, `Host` fields and listen addresses name it: a name or an address.
public enum HostName {
    /// Whether it is this machine and can be reached from no other: the name `localhost` or an
    /// address of the loopback interface. Other names are not looked up, and count as other machines.
    public static func isLoopback(_ host: String) -> Bool {
        if let address = IPAddress(host) { return address.isLoopback }
        let name = host.lowercased()
        return name == "localhost" || name == "localhost."
    }

    /// What DNS allows.
    static let longest = 253

    /// Whether the host of a URL is a name as DNS has them, or an address. IPv6 addresses have
    /// brackets, and may name an interface (`[fe80::1%25eth0]`). A name of other letters is written
    /// in its ASCII form (`xn--…`).
    package static func isWellFormed(_ host: Substring) -> Bool {
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast()
            let address = inner.prefix { $0 != "%" }
            let zone = inner[address.endIndex...]
            return IPAddress("[\(address)]") != nil
                && (zone.isEmpty
                    || zone.hasPrefix("%25") && zone.utf8.count > 3
                        && zone.dropFirst(3).utf8.allSatisfy(isNameByte))
        }
        let name = host.hasSuffix(".") ? host.dropLast() : host
        return !name.isEmpty && name.utf8.count <= longest && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._".utf8.contains(byte)
        }
    }
}
