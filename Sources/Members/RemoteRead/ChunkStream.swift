public import PrometheusAPI

/// The series of a member's streamed answer to remote read, as they arrive. An actor, so that
/// checksums and labels are seen to on the pool. Not reading makes the member wait; dropping the
/// stream ends the transfer.
public actor ChunkStream {
    private let call: MemberCall
    private let body: MemberBody
    private var reader: RemoteReadChunks
    private var isEnded = false
    private var failure: MemberFailure?

    /// Whether the series of a query may come in another order than that of their labels.
    public nonisolated let isUnsorted: Bool

    init(_ answer: sending MemberClient.Answer, queries: [RemoteReadShare], isUnsorted: Bool) {
        call = answer.call
        body = answer.body
        reader = RemoteReadChunks(queries: queries)
        self.isUnsorted = isUnsorted
    }

    /// The next series of a query, never none, as the member orders them; nil behind its last.
    /// Queries must be asked for in their order, each to its end.
    ///
    /// - Throws: `MemberFailure`, on every later call too.
    public func next(ofQuery query: Int) async throws(MemberFailure) -> SeriesPage? {
        if let failure { throw failure }
        do throws(MemberFailure.Kind) {
            return try await read(query)
        } catch {
            let failure = call.failed(error)
            self.failure = failure
            throw failure
        }
    }

    private func read(_ query: Int) async throws(MemberFailure.Kind) -> SeriesPage? {
        while true {
            if let next = reader.nextQuery { return next == query ? reader.next()?.page : nil }
            if isEnded { return nil }
            let bytes = try await body.next()
            do throws(ScanError) {
                if let bytes {
                    try reader.append(bytes)
                } else {
                    try reader.finish()
                    isEnded = true
                    call.succeeded(body)
                }
            } catch {
                throw MemberFailure.Kind(error)
            }
        }
    }
}
