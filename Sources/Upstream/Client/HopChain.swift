/// The gateways that a request has been through, the newest last. Each adds itself to what it sends
/// to members, and ends a request that it has seen before.
///
/// Clients may send anything: what is not an identity is left out, and only the newest identities
/// are kept. A gateway's identity is random: only servers that it asked know it.
public struct HopChain: Sendable, Equatable {
    /// 32 hexadecimal digits.
    public struct Identity: Sendable, Hashable {
        let text: String

        /// A new one, of 128 random bits.
        public init() {
            var random = SystemRandomNumberGenerator()
            text = (0..<2).map { _ in
                let digits = String(random.next(), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
        }

        init?(_ text: some StringProtocol) {
            guard text.utf8.count == HopChain.digits,
                text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { return nil }
            self.text = String(text)
        }
    }

    public static let header = "X-Tributary-Hops"
    /// The status (`Loop Detected`) of an answer that says that the request came back, and what
    /// stands in its header field, as other servers have other uses for the status.
    public static let loopStatus = 508
    public static let loopMark = "loop"
    /// Identities that are kept. A loop of more gateways than that ends by its deadline.
    static let longest = 32
    /// Of the header fields, bytes that are read; the rest of what a client may send is not.
    private static let longestField = 8192
    private static let digits = 32

    /// Of the request that is being answered; empty where there is none.
    @TaskLocal public static var current = HopChain()

    private var hops: [Identity] = []

    public init() {}

    /// Reads the values of the header fields of one request.
    public init(_ values: [String]) {
        for value in values {
            for part in value.utf8.suffix(Self.longestField).split(separator: UInt8(ascii: ",")) {
                let text = String(decoding: part.filter { $0 > 0x20 }, as: UTF8.self)
                if let identity = Identity(text) { append(identity) }
            }
        }
    }

    private mutating func append(_ identity: Identity) {
        hops.append(identity)
        if hops.count > Self.longest { hops.removeFirst() }
    }

    public func contains(_ identity: Identity) -> Bool { hops.contains(identity) }

    func adding(_ identity: Identity) -> HopChain {
        var longer = self
        longer.append(identity)
        return longer
    }

    /// As the header field has it.
    public var text: String { hops.map(\.text).joined(separator: ", ") }
}
