import GoText
import HTTPTransport
public import PrometheusWire
public import TimeSeries
import UpstreamSettings

/// A member's answer to remote read, in the form it chose among those that were offered.
public enum RemoteReadReply: Sendable {
    /// Pages, and what the client's request calls their query.
    case samples([(query: Int, page: SeriesPage)])
    case chunks(ChunkStream)
}

extension UpstreamClient {
    /// Reads series as the member stores them, its own `external_labels` taken off.
    ///
    /// - Parameters:
    ///   - request: in the member's own names.
    ///   - numbers: what the client's request calls each of the queries; ascending.
    ///   - injection: added to every label set on the way.
    ///   - work: whose question it is, and where its answer is read; nil for none of a client.
    ///   - hold: called before so many bytes more are held of an answer that is read wholly; it may
    ///     wait.
    /// - Returns: once the answer has begun, or, of samples, once it is here; a stream of chunks
    ///   may still fail at its end.
    public func read(
        _ request: RemoteReadRequest, numbers: [Int], injecting injection: LabelInjection?,
        deadline: ContinuousClock.Instant?, work: QueryWork? = nil,
        hold: (@Sendable (Int) async throws(UpstreamError.Kind) -> Void)? = nil
    ) async throws(UpstreamError) -> RemoteReadReply {
        let external = try await externalLabels(deadline: deadline)
        var sent = RemoteReadRequest(queries: [], accepted: request.accepted)
        var shares: [RemoteReadShare] = []
        for (query, number) in zip(request.queries, numbers) {
            for own in external.split(conjunction?.adding(to: query) ?? query) {
                sent.queries.append(own.query)
                let editor = RemoteSeriesEditor(
                    injecting: shown(injection), removing: own.added)
                shares.append(RemoteReadShare(number: number, editor: editor))
            }
        }
        let body: [UInt8]
        do throws(RemoteReadRequest.Refusal) {
            body = try sent.body
        } catch {
            throw UpstreamError(
                member: configuration.name, kind: .limit(error.description))
        }
        let answer = try await open(
            UpstreamRequest(
                path: "/api/v1/read", method: .remoteRead(body),
                question: MemberQuestion(cost: MemberQuestion.ofStoredSamples, work)),
            deadline: deadline)
        if Self.isStreamed(answer.body.contentType) {
            return .chunks(
                ChunkStream(
                    answer, queries: shares,
                    isUnsorted: shares.count > request.queries.count || hiddenLabel != nil))
        }
        do throws(UpstreamError.Kind) {
            var block: [UInt8] = []
            while let some = try await answer.body.next() {
                try await hold?(some.count)
                block += some
            }
            // The message and the pages made of it.
            try await hold?(2 * SnappyBlock.announcedSize(of: block))
            let pages = try await QueryWork.page(of: work) { () throws(UpstreamError.Kind) in
                do throws(ScanError) {
                    return try RemoteReadSamples.pages(
                        of: block, queries: shares,
                        limit: configuration.limits.inflate.maximumBytes)
                } catch {
                    throw UpstreamError.Kind(error)
                }
            }
            answer.call.succeeded(answer.body)
            return .samples(zip(shares, pages).map { ($0.number, $1) })
        } catch {
            throw answer.call.failed(error)
        }
    }

    /// Whether remote read is worth asking for: not where it was found missing lately.
    public var mayServeRemoteRead: Bool {
        if case .remoteCoroot = configuration.source { return false }
        return !isKnownMissing(.remoteRead)
    }

    /// The series of one selection with all their samples, as `RemoteSampleDecoder` takes them; nil
    /// where the member does not serve remote read.
    ///
    /// Samples are asked for and not chunks: they carry native histograms with the very hints that
    /// the member's own queries see, while those of a chunk depend on the chunk before it; and the member's limit of samples (`--storage.remote.read-sample-limit`)
    /// then holds.
    public func storedSeries(
        _ query: RemoteReadRequest.Query, injecting injection: LabelInjection?,
        deadline: ContinuousClock.Instant?, work: QueryWork? = nil
    ) async throws(UpstreamError) -> [SeriesPage]? {
        guard mayServeRemoteRead else { return nil }
        let reply: RemoteReadReply
        do throws(UpstreamError) {
            reply = try await read(
                RemoteReadRequest(queries: [query], accepted: [.samples]), numbers: [0],
                injecting: injection, deadline: deadline, work: work)
        } catch {
            guard error.kind.isOfAMissingEndpoint else { throw error }
            noteMissing(.remoteRead)
            return nil
        }
        switch reply {
        case .samples(let parts): return parts.map(\.page)
        case .chunks:
            noteMissing(.remoteRead)
            return nil
        }
    }

    /// The custom bounds of the native histograms of one selection; nil where the member does not
    /// stream chunks.
    public func storedBounds(
        _ query: RemoteReadRequest.Query, injecting injection: LabelInjection?,
        deadline: ContinuousClock.Instant?, work: QueryWork? = nil
    ) async throws(UpstreamError) -> StoredBounds? {
        let reply = try await read(
            RemoteReadRequest(queries: [query], accepted: [.streamedChunks]), numbers: [0],
            injecting: injection, deadline: deadline, work: work)
        guard case .chunks(let stream) = reply else { return nil }
        var bounds = StoredBounds()
        while let page = try await stream.next(ofQuery: 0) {
            do throws(ScanError) {
                try bounds.take(page)
            } catch {
                throw UpstreamError(
                    member: configuration.name, kind: UpstreamError.Kind(error), attempts: 1)
            }
        }
        return bounds
    }

    /// The body of an answer that says it is one of remote read.
    func remoteReadBody(
        _ response: TransferResponse, of work: QueryWork?
    ) throws(UpstreamError.Kind) -> UpstreamBody {
        let body = try UpstreamBody(
            response, limits: configuration.limits.inflate, isRemoteRead: true, of: work)
        let type = Self.mediaType(body.contentType)
        guard type == RemoteReadSamples.contentType || Self.isStreamed(body.contentType) else {
            throw .notPrometheus(
                "the answer to remote read has the content type \(GoQuoting.quote(type))")
        }
        return body
    }

    private static func isStreamed(_ contentType: String) -> Bool {
        mediaType(contentType) == mediaType(RemoteReadChunks.contentType)
    }

    private static func mediaType(_ contentType: String) -> String {
        contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    }
}

/// The series of a member's streamed answer to remote read, as they arrive. An actor, so that
/// checksums and labels are seen to on the pool. Not reading makes the member wait; dropping the
/// stream ends the transfer.
public actor ChunkStream {
    private let call: UpstreamCall
    private let body: UpstreamBody
    private var reader: RemoteReadChunks
    private var isEnded = false
    private var failure: UpstreamError?

    /// Whether the series of a query may come in another order than that of their labels.
    public nonisolated let isUnsorted: Bool

    init(_ answer: sending UpstreamClient.Answer, queries: [RemoteReadShare], isUnsorted: Bool) {
        call = answer.call
        body = answer.body
        reader = RemoteReadChunks(queries: queries)
        self.isUnsorted = isUnsorted
    }

    /// The next series of a query, never none, as the member orders them; nil behind its last.
    /// Queries must be asked for in their order, each to its end.
    ///
    /// - Throws: `UpstreamError`, on every later call too.
    public func next(ofQuery query: Int) async throws(UpstreamError) -> SeriesPage? {
        if let failure { throw failure }
        do throws(UpstreamError.Kind) {
            return try await read(query)
        } catch {
            let failure = call.failed(error)
            self.failure = failure
            throw failure
        }
    }

    private func read(_ query: Int) async throws(UpstreamError.Kind) -> SeriesPage? {
        while true {
            if let next = reader.nextQuery { return next == query ? reader.next()?.page : nil }
            if isEnded { return nil }
            if body.isReady {
                try await QueryWork.page(of: body.work) { () throws(UpstreamError.Kind) in
                    guard let bytes = try body.ready() else { return }
                    try append(bytes)
                }
                continue
            }
            if try await body.more() { continue }
            try append(nil)
        }
    }

    /// Takes bytes, or the end of them.
    private func append(_ bytes: [UInt8]?) throws(UpstreamError.Kind) {
        do throws(ScanError) {
            if let bytes { return try reader.append(bytes) }
            try reader.finish()
            isEnded = true
            call.succeeded(body)
        } catch {
            throw UpstreamError.Kind(error)
        }
    }
}
