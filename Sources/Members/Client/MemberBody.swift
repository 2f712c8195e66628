/// The inflated body of an answer. Inflating happens in the reader's task, never on the loop.
///
/// One reader; belongs to it.
final class MemberBody {
    private var chunks: TransferBody.Iterator
    private var inflater: Inflater?
    private var pushedBack: [UInt8]?
    private(set) var inflatedBytes = 0
    /// nil for what is packed in its own way, and so says nothing about compressing.
    let encoding: EncodingPolicy.Encoding?
    /// As the answer names it.
    let contentType: String
    /// Whether the answer has the mark of VictoriaMetrics.
    let isOfVictoriaMetrics: Bool

    /// - Parameter isRemoteRead: whether the bytes may be a snappy block, which is given on as it is.
    /// - Throws: for an encoding that was not asked for.
    init(
        _ response: TransferResponse, limits: InflateLimits, isRemoteRead: Bool = false
    ) throws(MemberFailure.Kind) {
        chunks = response.body.makeAsyncIterator()
        contentType = response.headers["Content-Type"] ?? ""
        isOfVictoriaMetrics = VictoriaMetrics.isMarked(response.headers)
        switch (response.headers["Content-Encoding"] ?? "").lowercased() {
        case "", "identity":
            encoding = isRemoteRead ? nil : .identity
            inflater = nil
        case "snappy" where isRemoteRead:
            encoding = nil
            inflater = nil
        case "gzip", "x-gzip", "deflate":
            encoding = .gzip
            do throws(InflateError) {
                inflater = try Inflater(limits: limits)
            } catch {
                throw MemberFailure.Kind(error)
            }
        default: throw .malformed("the answer is compressed in a way that was not asked for")
        }
        self.limits = limits
    }

    private let limits: InflateLimits

    /// Set when `next` has returned nil.
    var summary: TransferSummary? { chunks.summary }

    /// The next bytes, never none; nil at the end of a whole body.
    func next(
        isolation: isolated (any Actor)? = #isolation
    ) async throws(MemberFailure.Kind) -> [UInt8]? {
        if let bytes = pushedBack {
            pushedBack = nil
            return bytes
        }
        while true {
            if let page = try inflated() {
                inflatedBytes += page.count
                return page
            }
            var iterator = chunks
            let chunk: [UInt8]?
            do throws(TransferError) {
                chunk = try await iterator.next(isolation: isolation)
            } catch {
                throw MemberFailure.Kind(error)
            }
            chunks = iterator
            guard let chunk else {
                try finish()
                return nil
            }
            if inflater == nil {
                inflatedBytes += chunk.count
                guard inflatedBytes <= limits.maximumBytes else {
                    throw MemberFailure.Kind(.tooLarge(limit: limits.maximumBytes))
                }
                if !chunk.isEmpty { return chunk }
            } else {
                inflater?.feed(chunk)
            }
        }
    }

    /// Gives bytes back, to be read again.
    func pushBack(_ bytes: [UInt8]) { pushedBack = bytes }

    private func inflated() throws(MemberFailure.Kind) -> [UInt8]? {
        do throws(InflateError) {
            return try inflater?.next()
        } catch {
            throw MemberFailure.Kind(error)
        }
    }

    private func finish() throws(MemberFailure.Kind) {
        do throws(InflateError) {
            try inflater?.finish()
        } catch {
            throw MemberFailure.Kind(error)
        }
    }
}
