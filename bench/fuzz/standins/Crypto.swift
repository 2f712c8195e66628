// In place of swift-crypto: a fuzzer hashes nothing that anybody compares.

public enum SHA256: HashFunction {
    public static let byteCount = 32

    public static func hash(data: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: byteCount)
        for (index, byte) in data.enumerated() {
            hash[index % byteCount] = hash[index % byteCount] &* 31 &+ byte
        }
        return hash
    }
}

public protocol HashFunction {
    static func hash(data: [UInt8]) -> [UInt8]
}

public struct SymmetricKey: Sendable {
    fileprivate let bytes: [UInt8]

    public init(data: some Sequence<UInt8>) { bytes = Array(data) }
}

public struct HashedAuthenticationCode<Hash: HashFunction>: Sequence {
    fileprivate let bytes: [UInt8]

    public func makeIterator() -> IndexingIterator<[UInt8]> { bytes.makeIterator() }
}

public enum HMAC<Hash: HashFunction> {
    public static func authenticationCode(
        for data: [UInt8], using key: SymmetricKey
    ) -> HashedAuthenticationCode<Hash> {
        HashedAuthenticationCode(bytes: Hash.hash(data: key.bytes + data))
    }
}
