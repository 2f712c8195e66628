import Synchronization

/// The memory for the bodies of all requests under way. Bytes are counted as they come, so that
/// nothing is held for a length that is only announced.
final class RequestMemory: Sendable {
    private let limit: Int
    private let used = Mutex(0)

    /// - Parameter limit: Bytes.
    init(limit: Int) { self.limit = limit }

    /// - Throws: 413 for a body that would not fit alone, 503 when others leave too little.
    func take(_ bytes: Int, besides own: Int) throws(MalformedRequest) {
        guard own + bytes <= limit else { throw .bodyTooLarge(limit: limit) }
        let fits = used.withLock { used in
            guard used + bytes <= limit else { return false }
            used += bytes
            return true
        }
        guard fits else { throw .noMemory }
    }

    func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }
}
