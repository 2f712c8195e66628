import Crypto
import GoText
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// By which names gateways know the answers that they keep for one another, and how they know that
/// one of them wrote an entry.
///
/// A digest is made of everything that an answer depends on, spelled alike in every process, so that
/// gateways with the same members have the same. With a secret, digests and seals are HMACs. Then the
/// name of an entry tells nothing of credentials, and an entry that was written without the secret is
/// refused.
struct SharedKeys: Sendable {
    /// What the names begin with.
    var prefix: String
    var secret: Secret?
    /// Values at younger steps are not kept: gateways with another one have other entries.
    var tail: Milliseconds

    /// The steps of one value end in the same one of these: a dashboard of the last hours and one of
    /// last week have values of their own.
    private static let slotLength: Int64 = 86_400_000

    /// Of an extent that ends at a time.
    static func slot(of through: Timestamp) -> Int64 {
        through.milliseconds.floorDivided(by: slotLength)
    }

    /// Those in which the last steps of extents lie that have some of these steps, the latest alone.
    static func slots(of steps: ClosedRange<Timestamp>) -> [Int64] {
        let last = slot(of: steps.upperBound)
        return slot(of: steps.lowerBound) < last ? [last, last - 1] : [last]
    }

    func digest(of key: FragmentKey, slot: Int64) -> [UInt8] {
        let added = key.injection.map { injection -> [String?] in
            injection.labels.flatMap { [$0.name, $0.value] }
        }
        let texts: [String?] = [
            String(ExtentBlock.version), key.member.asked.written, key.text,
            String(key.step.count), String(key.phase), key.lookback.map { String($0.count) },
        ]
        let rest: [String?] = [key.resultType.rawValue, String(tail.count), String(slot)]
        return authenticated(
            "key", Array(FieldText.of(texts + (added ?? [nil, nil]) + rest).utf8)[...])
    }

    func name(of digest: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return Array(prefix.utf8) + digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    func seal(_ bytes: ArraySlice<UInt8>) -> [UInt8] { authenticated("value", bytes) }

    /// Compares in a time that does not depend on the bytes.
    func isSealed(_ bytes: ArraySlice<UInt8>, by seal: ArraySlice<UInt8>) -> Bool {
        let right = self.seal(bytes)
        guard right.count == seal.count else { return false }
        return zip(right, seal).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// - Parameter use: so that a digest of one kind is none of the other.
    private func authenticated(_ use: String, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let purpose = Array("tributary \(use)\n".utf8)
        guard let secret else {
            var hash = SHA256()
            hash.update(data: purpose)
            hash.update(data: bytes)
            return Array(hash.finalize())
        }
        var hash = HMAC<SHA256>(key: SymmetricKey(data: Array(secret.exposed.utf8)))
        hash.update(data: purpose)
        hash.update(data: bytes)
        return Array(hash.finalize())
    }
}
