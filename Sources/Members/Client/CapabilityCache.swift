/// When a member is asked for its version. Pure; times in milliseconds.
struct CapabilityCache: Sendable {
    enum Action: Sendable, Equatable {
        /// Known, and new enough.
        case use(MemberCapabilities)
        /// Known, but old: use it and ask again in the background.
        case useAndRefresh(MemberCapabilities)
        /// Not known, and no request for it is under way.
        case ask
        /// Not known; a request for it is under way.
        case wait
    }

    static let freshFor: Int64 = 300_000
    /// After a member did not answer.
    static let freshWhenSilentFor: Int64 = 1_000

    private(set) var value: MemberCapabilities?
    /// Whether `value` only stands in for an answer that the member never gave.
    private var isGuess = false
    private var freshUntil: Int64 = 0
    private var isAsking = false

    /// The caller who gets `ask` or `useAndRefresh` must call `learned`.
    mutating func action(at now: Int64) -> Action {
        // A guess serves while it is fresh: a member that is back is not to be misjudged.
        guard let value, !isGuess || now < freshUntil else {
            if isAsking { return .wait }
            isAsking = true
            return .ask
        }
        if isAsking || now < freshUntil { return .use(value) }
        isAsking = true
        return .useAndRefresh(value)
    }

    /// - Parameter found: nil when the member gave no answer: an older one stands.
    mutating func learned(_ found: MemberCapabilities?, at now: Int64) {
        isAsking = false
        freshUntil = now &+ (found == nil ? Self.freshWhenSilentFor : Self.freshFor)
        isGuess = found == nil && (value == nil || isGuess)
        value = found ?? value ?? MemberCapabilities()
    }
}
