import PrometheusServer
import PrometheusWire
import RequestTelemetry
import Upstream

/// An answer whose lists are merged while they arrive. Every member has begun to answer, or is known to
/// be missing.
///
/// Usually it is sent meanwhile; a member that fails after that is told at the end of the answer, as its
/// part is cut off. Where members must answer wholly, the merged list is kept until they have.
struct ArrivingLists: Sendable {
    private let answer: ListResponse
    private let rests: [MetadataFederation.Rest]
    /// Lists of each member.
    private let listCounts: [Int: Int]
    private let unsorted: UnsortedMembers
    /// Of the request: memory of what was sent is given back.
    private let lender: (any MemoryLender)?

    /// - Parameter unsorted: is told of members whose lists are not in order.
    init(
        _ response: ListResponse, _ answer: MetadataFederation.Answer, unsorted: UnsortedMembers
    ) {
        self.answer = response
        rests = answer.rests
        listCounts = answer.listCounts
        self.unsorted = unsorted
        lender = Lending.lender
    }

    /// The answer that is sent while the lists arrive.
    func response() -> PrometheusResponse {
        ListResponse.streamed { writer in
            var writing = begin()
            do {
                while try await writing.fill() {
                    try await writer.write(writing.out)
                    writing.letGo()
                }
            } catch {
                await writing.reading.close()
                throw error
            }
            await writing.reading.close()
            tellUnsorted(writing.merge)
            RequestScope.current?.record?.add(missing: writing.late.lateWarnings)
            try await writer.write(writing.lastBytes())
        }
    }

    /// The answer once every member has answered wholly. Until then the merged list is kept, which takes
    /// no more than its bytes.
    ///
    /// - Parameter admit: throws for members that failed, or answered in part.
    /// - Returns: nil where a list is not in order behind its first part. It is sorted when members are
    ///   asked again.
    /// - Throws: `APIError`.
    func whole(
        _ admit: (PartialAnswer) throws(APIError) -> Void
    ) async throws -> PrometheusResponse? {
        try await ThreadPool.run {
            var writing = begin()
            var pieces: [[UInt8]] = []
            do {
                while try await writing.fill() {
                    pieces.append(Array(writing.out))
                    try await writing.keep()
                    guard writing.merge.unsorted.isEmpty else { break }
                    try admit(writing.late)
                }
                // What stands behind the lists is wanted too.
                while writing.merge.unsorted.isEmpty, let list = writing.reading.firstOpen {
                    try await writing.take(list, isWanted: false)
                }
            } catch {
                await writing.reading.close()
                if error is CancellationError {
                    throw UpstreamError(kind: .cancelled).ofQuery ?? error
                }
                throw (error as? UpstreamError)?.ofQuery ?? error
            }
            await writing.reading.close()
            tellUnsorted(writing.merge)
            guard writing.merge.unsorted.isEmpty else {
                lender?.settle(0)
                return nil
            }
            try admit(writing.late)
            pieces.append(writing.lastBytes())
            return response(of: pieces)
        }
    }

    private func response(of pieces: [[UInt8]]) -> PrometheusResponse {
        let held = ListResponse.Held(pieces)
        let all = pieces.reduce(0) { $0 + $1.count }
        lender?.settle(all)
        return ListResponse.streamed { [lender] writer in
            var left = all
            for piece in held.take() {
                try await writer.write(piece)
                left -= piece.count
                lender?.settle(left + ListResponse.writtenAtOnce)
            }
        }
    }

    private func begin() -> ListWriting {
        var writing = ListWriting(
            answer, rests: rests, listCounts: listCounts, lender: lender)
        writing.begin()
        return writing
    }

    private func tellUnsorted(_ merge: any ListWriter) {
        for list in merge.unsorted {
            if let member = rests.first(where: { $0.list == list })?.member {
                unsorted.add(answer.partial.names[member])
            }
        }
    }
}

/// Merges lists while they arrive, and where that has got to.
private struct ListWriting {
    var reading: ListReading
    var merge: any ListWriter
    /// Members that failed, or turned out to have answered in part, after their lists had begun.
    var late: PartialAnswer
    /// What was merged and not yet taken.
    var out: [UInt8]
    /// What stands behind the lists.
    private var end: ListResponse
    private let listCounts: [Int: Int]
    /// Lists of each member that were cut off.
    private var failedCounts: [Int: Int] = [:]
    private let lender: (any MemoryLender)?
    /// Bytes that are lent, and those of merged lists that are kept.
    private var (lent, keptBytes) = (0, 0)

    init(
        _ answer: ListResponse, rests: [MetadataFederation.Rest], listCounts: [Int: Int],
        lender: (any MemoryLender)?
    ) {
        let merge = answer.merge()
        self.merge = merge
        reading = ListReading(rests)
        late = PartialAnswer(names: answer.partial.names)
        out = ListResponse.head(of: merge)
        end = answer
        self.listCounts = listCounts
        self.lender = lender
    }

    /// Takes what is here of the lists.
    mutating func begin() {
        for (index, list) in end.takeLists().enumerated() {
            merge.add(list, to: index, isOrdered: true)
            if reading.rest(of: index) == nil { merge.end(index) }
        }
        lent = heldBytes
    }

    private var heldBytes: Int {
        merge.heldBytes + reading.openCount * ListStream.restBytes + ListResponse.writtenAtOnce
            + keptBytes
    }

    /// Merges on until a piece is there, and at least what is known before a member is waited for; false
    /// with nothing in `out` at the end of the lists.
    mutating func fill() async throws -> Bool {
        while true {
            switch merge.write(to: &out, upTo: ListResponse.chunk) {
            case .full: return true
            case .needs(let list):
                if !out.isEmpty { return true }
                try await take(list)
            case .end: return !out.isEmpty
            }
        }
    }

    /// Goes on behind what was sent.
    mutating func letGo() {
        out.removeAll(keepingCapacity: true)
        lent = heldBytes
        lender?.settle(lent)
    }

    /// Goes on behind what is kept.
    mutating func keep() async throws {
        keptBytes += out.count
        out.removeAll(keepingCapacity: true)
        if heldBytes > lent { return try await hold() }
        lent = heldBytes
        lender?.settle(lent)
    }

    private mutating func hold() async throws {
        try await lender?.hold(heldBytes - lent)
        lent = heldBytes
    }

    /// Waits for the next part of a list, or for its end.
    ///
    /// - Parameter isWanted: whether its elements are merged.
    mutating func take(_ list: Int, isWanted: Bool = true) async throws {
        guard let rest = reading.rest(of: list) else { return }
        switch await reading.next(list) {
        case .success(let part?):
            if !isWanted || merge.add(part.elements, to: list, isOrdered: part.isOrdered) {
                reading.begin(list)
                // A list that is collected to be sorted takes more.
                if heldBytes > lent { try await hold() }
                return
            }
            late.add(rest.member, UpstreamError(kind: .malformed("its list is not in order")))
        case .success(nil):
            let notes = await rest.stream.notes()
            end.annotations.add(
                warnings: notes.warnings, infos: notes.infos,
                from: end.partial.names[rest.member])
            if end.partial.parts[rest.member] == nil {
                late.add(partOf: rest.member, notes.partiality)
            }
        case .failure(let error):
            if error.kind == .cancelled { throw CancellationError() }
            failedCounts[rest.member, default: 0] += 1
            // One replica is as good as all of them.
            if failedCounts[rest.member] == listCounts[rest.member] {
                late.add(rest.member, error)
            }
        }
        merge.end(list)
        await reading.close(list)
    }

    /// The rest of the answer, behind its lists.
    mutating func lastBytes() -> [UInt8] {
        end.failures += late.parts.sorted { $0.key < $1.key }.map {
            late.warning(about: $0, $1, nil)
        }
        end.failures += late.lateWarnings
        var bytes: [UInt8] = []
        end.appendTail(of: merge, to: &bytes)
        return bytes
    }
}

/// Reads the rests of lists, each one part ahead of what is merged.
private struct ListReading {
    private typealias Read = Task<Result<ListStream.Part?, UpstreamError>, Never>

    /// By list.
    private var rests: [Int: MetadataFederation.Rest] = [:]
    private var reads: [Int: Read] = [:]

    init(_ rests: [MetadataFederation.Rest]) {
        for rest in rests {
            self.rests[rest.list] = rest
            begin(rest.list)
        }
    }

    var openCount: Int { rests.count }

    /// The first list of which something is to come.
    var firstOpen: Int? { rests.keys.min() }

    func rest(of list: Int) -> MetadataFederation.Rest? { rests[list] }

    mutating func begin(_ list: Int) {
        guard let stream = rests[list]?.stream else { return }
        reads[list] = Read {
            do throws(UpstreamError) {
                return .success(try await stream.next())
            } catch {
                return .failure(error)
            }
        }
    }

    /// What comes next of a list.
    func next(_ list: Int) async -> Result<ListStream.Part?, UpstreamError> {
        guard let read = reads[list] else { return .success(nil) }
        return await withTaskCancellationHandler {
            await read.value
        } onCancel: {
            read.cancel()
        }
    }

    /// Ends the transfer of a list, if it is under way.
    mutating func close(_ list: Int) async {
        reads[list]?.cancel()
        await rests[list]?.stream.close()
        (reads[list], rests[list]) = (nil, nil)
    }

    /// Ends all transfers.
    mutating func close() async { for list in rests.keys { await close(list) } }
}
