/// Why a transfer did not end well.
public struct TransferError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The request itself cannot be sent.
        case invalidRequest
        /// The host's name has no address.
        case resolve
        /// No connection.
        case connect
        /// No connection in the time given for it.
        case connectTimeout
        /// No agreement on encryption or identity.
        case tls
        /// The transfer's own deadline passed.
        case timeout
        /// The deadline passed before there was a place in the lane: nothing was sent.
        case laneTimeout
        /// The connection ended before the answer did.
        case broken
        /// What answers does not speak HTTP.
        case notHTTP
        /// More bytes than allowed.
        case tooLarge
        /// The task was cancelled, or the response dropped.
        case cancelled
        /// No descriptors, threads or memory.
        case noResources
        /// The transport was shut down.
        case shutDown
    }

    public var kind: Kind
    /// For people; names no URL.
    public var text: String

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    public var description: String { text }

    static let cancelled = TransferError(.cancelled, "cancelled")
    static let shutDown = TransferError(.shutDown, "the transport is shut down")
}
