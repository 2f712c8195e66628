// In place of swift-crypto: a fuzzer hashes nothing that anybody compares.

public enum SHA256 {
    public static let byteCount = 32

    public static func hash(data: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: byteCount)
        for (index, byte) in data.enumerated() {
            hash[index % byteCount] = hash[index % byteCount] &* 31 &+ byte
        }
        return hash
    }
}
