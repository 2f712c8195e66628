import Foundation
import Synchronization

/// A server of DNS on a free UDP port of loopback, which knows what a test tells it.
public final class NameServer: Sendable {
    public enum Record: Sendable, Equatable {
        /// The bytes of an IPv4 or an IPv6 address.
        case address([UInt8])
        case service(port: UInt16, target: String)

        var type: UInt16 {
            switch self {
            case .address(let bytes): bytes.count == 4 ? 1 : 28
            case .service: 33
            }
        }
    }

    public struct State: Sendable {
        /// By name; a name that is not there does not exist.
        public var records: [String: [Record]] = [:]
        /// Whether questions get no answer.
        public var isSilent = false
        /// Sent in place of an answer, behind the question's number.
        public var garbage: [UInt8]?
    }

    public let port: UInt16
    public let state = Mutex(State())
    private let descriptor: Int32

    public struct Failure: Error {}

    public init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let base = bytes.baseAddress else { return false }
            let pointer = base.assumingMemoryBound(to: sockaddr.self)
            return bind(descriptor, pointer, length) == 0
                && getsockname(descriptor, pointer, &length) == 0
        }
        guard isBound else { throw Failure() }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            var question = [UInt8](repeating: 0, count: 4096)
            while true {
                var sender = sockaddr_storage()
                var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let count = withUnsafeMutableBytes(of: &sender) { bytes in
                    recvfrom(
                        descriptor, &question, question.count, 0,
                        bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
                }
                guard count > 0, let self else {
                    close(descriptor)
                    return
                }
                guard let answer = self.answer(to: Array(question[..<count])) else { continue }
                withUnsafeMutableBytes(of: &sender) { bytes in
                    _ = sendto(
                        descriptor, answer, answer.count, 0,
                        bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), size)
                }
            }
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// What the server knows of a name from now on.
    public func set(_ name: String, _ records: [Record]) {
        state.withLock { $0.records[name] = records }
    }

    private func answer(to question: [UInt8]) -> [UInt8]? {
        guard question.count > 12 else { return nil }
        let state = state.withLock { $0 }
        if state.isSilent { return nil }
        if let garbage = state.garbage { return question[..<2] + garbage }
        var parts: [String] = []
        var position = 12
        while position < question.count, question[position] > 0 {
            let end = position + 1 + Int(question[position])
            guard end < question.count else { return nil }
            parts.append(String(decoding: question[(position + 1)..<end], as: UTF8.self))
            position = end
        }
        guard position + 5 <= question.count else { return nil }
        let type = UInt16(question[position + 1]) << 8 | UInt16(question[position + 2])
        let known = state.records[parts.joined(separator: ".")]
        let records = (known ?? []).filter { $0.type == type }
        let code: UInt8 = known == nil ? 3 : 0
        var answer = Array(question[..<2]) + [0x81, 0x80 | code, 0, 1]
        answer += Self.bytes(UInt16(records.count)) + [0, 0, 0, 0]
        answer += question[12..<(position + 5)]
        for record in records {
            // The name of the question, class IN, a minute.
            answer += [0xC0, 0x0C] + Self.bytes(type) + [0, 1, 0, 0, 0, 60]
            let data: [UInt8]
            switch record {
            case .address(let bytes): data = bytes
            case .service(let port, let target):
                data = [0, 0, 0, 0] + Self.bytes(port) + Self.name(target)
            }
            answer += Self.bytes(UInt16(data.count)) + data
        }
        return answer
    }

    private static func bytes(_ number: UInt16) -> [UInt8] {
        [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    private static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}
