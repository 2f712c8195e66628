/// Whether a member is asked to compress. Compressing costs a member, and inflating us, far more
/// than a fast link charges for the bytes; on a slow link it is the other way round. So both are
/// measured on large answers, by useful bytes a second, and the loser is tried again ever more
/// rarely.
///
/// Pure; one a member.
struct EncodingPolicy: Sendable, Equatable {
    enum Encoding: Sendable, Equatable {
        case identity, gzip

        var other: Encoding { self == .identity ? .gzip : .identity }
    }

    /// Answers of fewer bytes say nothing about a link.
    static let telling = 256 << 10
    /// What gzip must win by, for the work it makes on both sides.
    static let advantage = 1.25
    private static let longestGap = 1024

    private let isOnLoopback: Bool
    private(set) var identityRate: Double?
    private(set) var gzipRate: Double?
    /// Telling answers until the loser is tried again.
    private var countdown = 4
    private var gap = 16

    init(isOnLoopback: Bool) { self.isOnLoopback = isOnLoopback }

    /// The encoding that is known, or guessed, to be quicker.
    var favourite: Encoding {
        if isOnLoopback { return .identity }
        guard let gzipRate else { return .gzip }
        guard let identityRate else { return .gzip }
        return gzipRate > identityRate * Self.advantage ? .gzip : .identity
    }

    /// What the next request asks for.
    var choice: Encoding {
        if isOnLoopback { return .identity }
        return countdown <= 0 ? favourite.other : favourite
    }

    /// - Parameters:
    ///   - bytes: inflated.
    ///   - nanoseconds: from the first byte to the last, pauses left out.
    mutating func observe(_ encoding: Encoding, bytes: Int, nanoseconds: Int64) {
        guard !isOnLoopback, bytes >= Self.telling, nanoseconds > 0 else { return }
        let rate = Double(bytes) / Double(nanoseconds) * 1e9
        let isTrial = encoding != favourite
        switch encoding {
        case .identity: identityRate = Self.blend(identityRate, rate)
        case .gzip: gzipRate = Self.blend(gzipRate, rate)
        }
        if isTrial || countdown <= 0 {
            countdown = gap
            gap = min(gap * 2, Self.longestGap)
        } else {
            countdown -= 1
        }
    }

    private static func blend(_ old: Double?, _ new: Double) -> Double {
        old.map { $0 * 0.7 + new * 0.3 } ?? new
    }
}
