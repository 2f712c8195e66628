import Crypto

/// SHA-256 of a key or token: all that is kept of those made here, and what strangers' keys are
/// compared by. Keys made here have 190 bits of chance, so that no slower hash is needed.
public struct SecretDigest: Sendable, Hashable, CustomStringConvertible {
    private static let prefix = "sha256:"

    private let bytes: [UInt8]

    public init(of secret: Secret) { self.init(ofText: secret.exposed) }

    public init(ofText text: String) { bytes = Array(SHA256.hash(data: Array(text.utf8))) }

    /// Reads `sha256:` and 64 hexadecimal digits; nil for anything else.
    public init?(written text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let digits = Array(text.utf8.dropFirst(Self.prefix.utf8.count))
        guard digits.count == 2 * SHA256.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard pair.first?.isHexDigit == true, let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// As `init(written:)` reads it. For the store alone: it is as good as the key to somebody who
    /// can guess keys.
    public var written: String {
        Self.prefix
            + bytes.map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
    }

    public var description: String { "<redacted>" }

    /// Compares in a time that does not depend on the bytes.
    public func equalsInConstantTime(_ other: SecretDigest) -> Bool {
        var difference: UInt8 = 0
        for (mine, theirs) in zip(bytes, other.bytes) { difference |= mine ^ theirs }
        return difference == 0
    }
}
