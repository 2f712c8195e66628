public import GoText

/// Whether a member is there, as of the newest that was found out: by questions of clients, and by
/// probes in the background.
///
/// Pure: the time comes in.
public struct MemberPresence: Sendable, Equatable {
    public enum State: String, Sendable, Equatable {
        /// It was not asked yet.
        case unknown
        case up
        case down
    }

    public private(set) var state = State.unknown
    /// When it became so; nil while it is unknown.
    public private(set) var since: Timestamp?
    /// When it last answered; nil before the first answer.
    public private(set) var lastSuccess: Timestamp?
    /// Why it is down, without secrets; nil where it is not.
    public private(set) var cause: String?

    public init() {}

    mutating func answered(at time: Timestamp) {
        lastSuccess = time
        guard state != .up else { return }
        (state, since, cause) = (.up, time, nil)
    }

    mutating func failed(because cause: String, at time: Timestamp) {
        self.cause = cause
        guard state != .down else { return }
        (state, since) = (.down, time)
    }
}

/// Why an operation on a member failed, in the words of metrics.
public enum FailureReason: String, Sendable, Hashable, CaseIterable {
    case connect, tls, timeout, broken, status, malformed, other

    init(_ kind: UpstreamError.Kind) {
        switch kind {
        case .connect, .connectTimeout: self = .connect
        case .tls: self = .tls
        case .timeout, .laneTimeout: self = .timeout
        case .broken: self = .broken
        case .http: self = .status
        case .notPrometheus, .malformed, .oversized: self = .malformed
        case .limit, .rejectedQuery, .exceeded, .loop, .ownGrid, .partial, .unavailable,
            .undecidable, .noRemoteRead, .noTurn, .noMemory, .cancelled:
            self = .other
        }
    }
}

extension UpstreamError.Kind {
    /// Whether a member that fails so is there and judges questions; nil where that was not learnt.
    ///
    /// - Parameter takesOthersCredentials: A refusal of the gateway's own credentials says nothing,
    ///   as clients bring the ones that count.
    func showsPresence(takesOthersCredentials: Bool) -> Bool? {
        switch self {
        case .rejectedQuery, .exceeded, .ownGrid, .partial, .oversized, .limit, .undecidable:
            return true
        case .http(let status, _) where [401, 403].contains(status) && takesOthersCredentials:
            return true
        case .connect, .tls, .connectTimeout, .timeout, .broken, .http, .notPrometheus, .malformed,
            .loop, .noRemoteRead, .unavailable:
            return false
        case .laneTimeout, .noTurn, .noMemory, .cancelled: return nil
        }
    }
}
