/// An answer whose head has arrived and whose body is read as it comes.
public struct TransferResponse: Sendable {
    public let status: Int
    /// The protocol that was spoken: `HTTP/1.1` or `HTTP/2`.
    public let version: String
    /// Of the final head; interim answers are passed over.
    public let headers: HeaderFields
    /// To be read once. When the response and its iterators are dropped, the transfer ends.
    public let body: TransferBody
}

/// Status and header fields.
struct TransferHead: Sendable {
    var status: Int
    var version: String
    var headers: HeaderFields
}

/// What is known once a body has ended.
public struct TransferSummary: Sendable, Equatable {
    /// Bytes of body as they came over the wire.
    public var wireBytes: Int
    /// From the first byte to the last, without the time it was not read.
    public var activeNanoseconds: Int64
    public var trailers: HeaderFields
}

/// A body: chunks of some hundred kilobytes at most, in order. Not reading makes the member wait.
public struct TransferBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    let handle: TransferHandle

    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    public struct Iterator: AsyncIteratorProtocol {
        let handle: TransferHandle
        private var chunks: ArraySlice<[UInt8]> = []
        /// Set once `next` has returned nil.
        public private(set) var summary: TransferSummary?

        init(handle: TransferHandle) { self.handle = handle }

        /// - Throws: `TransferError`; nothing follows an error. A cancelled task throws `.cancelled`.
        public mutating func next() async throws(TransferError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(TransferError) -> [UInt8]? {
            if let chunk = chunks.popFirst() { return chunk }
            if summary != nil { return nil }
            switch try await handle.read().get() {
            case .bytes(let all):
                chunks = all[...]
                return chunks.popFirst()
            case .end(let summary):
                self.summary = summary
                return nil
            }
        }
    }
}

/// Holds a transfer: when its last holder is gone, it ends.
final class TransferHandle: Sendable {
    private let id: UInt64
    private let multi: CurlMulti

    init(id: UInt64, multi: CurlMulti) {
        self.id = id
        self.multi = multi
    }

    deinit { multi.loop.abandon(id) }

    func read() async -> Result<BodyPart, TransferError> {
        if Task.isCancelled {
            multi.loop.abandon(id)
            return .failure(.cancelled)
        }
        return await withTaskCancellationHandler {
            await multi.read(id)
        } onCancel: {
            multi.loop.abandon(id)
        }
    }
}
