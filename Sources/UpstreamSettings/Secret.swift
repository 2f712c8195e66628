import Crypto

/// A value that must never be printed. Every way of showing it says `<redacted>`; the value itself
/// is reached only through `exposed`, so that each use can be found by its name.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private enum Origin: Sendable, Hashable {
        case text(String)
        case file(SecretFile)
    }

    private let origin: Origin

    public init(_ value: String) { origin = .text(value) }

    /// The secret that a file holds, whichever it is at the time. Equal are two of one file.
    public init(_ file: SecretFile) { origin = .file(file) }

    /// As of now.
    public var exposed: String {
        switch origin {
        case .text(let text): text
        case .file(let file): file.value
        }
    }

    /// As of now, of a file after it also the one before, which requests under way may carry.
    public var exposedValues: [String] {
        switch origin {
        case .text(let text): [text]
        case .file(let file): file.values
        }
    }

    /// The file that it is read from; nil when it is written in the configuration.
    public var file: SecretFile? {
        switch origin {
        case .text: nil
        case .file(let file): file
        }
    }

    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Compares in a time that depends on the lengths alone, for keys that strangers present.
    public func equalsInConstantTime(_ other: String) -> Bool {
        let mine = Array(exposed.utf8)
        let theirs = Array(other.utf8)
        var difference = mine.count ^ theirs.count
        for index in 0..<max(mine.count, theirs.count) {
            let a = index < mine.count ? mine[index] : 0
            let b = index < theirs.count ? theirs[index] : 0
            difference |= Int(a ^ b)
        }
        return difference == 0
    }
}

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
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return Self.prefix + String(decoding: text, as: UTF8.self)
    }

    public var description: String { "<redacted>" }

    /// Compares in a time that does not depend on the bytes.
    public func equalsInConstantTime(_ other: SecretDigest) -> Bool {
        var difference: UInt8 = 0
        for (mine, theirs) in zip(bytes, other.bytes) { difference |= mine ^ theirs }
        return difference == 0
    }
}

extension Secret {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    /// A new key: 32 letters and digits from the system's source of chance.
    public static func random() -> Secret { Secret(randomText(count: 32)) }

    package static func randomText(count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return String(
            (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
    }
}
