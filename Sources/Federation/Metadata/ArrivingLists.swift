import PrometheusServer
import PrometheusWire
import RequestTelemetry
import Upstream

/// An answer whose lists are merged and sent while they arrive. Every member has begun to answer, or is
/// known to be missing; one that fails after that is told at the end of the answer, as its part is cut
/// off. Where members must answer wholly, lists are read before the answer begins (`ListResponse`).
struct ArrivingLists: Sendable {
    private let answer: ListResponse
    private let rests: [MetadataFederation.Rest]
    private let limit: Int
    private let mayShare: Bool
    private let unsorted: UnsortedMembers
    /// Of the request: memory of what was sent is given back.
    private let lender: (any MemoryLender)?

    /// - Parameters:
    ///   - mayShare: whether the lists of two members may have the same element.
    ///   - unsorted: is told of members whose lists are not in order.
    init(
        _ response: ListResponse, rests: [MetadataFederation.Rest], limit: Int, mayShare: Bool,
        unsorted: UnsortedMembers
    ) {
        answer = response
        self.rests = rests
        self.limit = limit
        self.mayShare = mayShare
        self.unsorted = unsorted
        lender = Lending.lender
    }

    func response() -> PrometheusResponse {
        answer.streamed { writer in
            let lists = answer.takeLists()
            var writing = Writing(
                reading: Reading(rests, of: lists.count),
                merge: ListMerge(ofArriving: lists.count, mayShare: mayShare, limit: limit),
                late: PartialAnswer(names: answer.partial.names), end: answer)
            do {
                try await write(lists, &writing, to: &writer)
            } catch {
                await writing.reading.close()
                throw error
            }
        }
    }

    /// Where writing has got to.
    private struct Writing {
        var reading: Reading
        var merge: ListMerge
        /// Members that failed after the answer had begun.
        var late: PartialAnswer
        /// What stands behind the lists.
        var end: ListResponse
        var out: [UInt8] = []
        /// What is lent for it, in bytes.
        var lent = 0

        var heldBytes: Int {
            merge.heldBytes + reading.openCount * ListStream.restBytes
                + ListResponse.writtenAtOnce
        }
    }

    private func write(
        _ lists: [ElementList], _ writing: inout Writing, to writer: inout BodyWriter
    ) async throws {
        for (index, list) in lists.enumerated() {
            writing.merge.add(list, to: index, isOrdered: true)
            if !writing.reading.isOpen(index) { writing.merge.end(index) }
        }
        writing.lent = writing.heldBytes
        writing.out = ListResponse.head(of: writing.merge)
        loop: while true {
            switch writing.merge.write(to: &writing.out, upTo: ListResponse.chunk) {
            case .full: try await send(&writing, to: &writer)
            case .needs(let list):
                // The client has what is known while the member is waited for.
                try await send(&writing, to: &writer)
                try await take(list, &writing)
            case .end: break loop
            }
        }
        await writing.reading.close()
        for list in writing.merge.unsorted {
            if let member = rests.first(where: { $0.list == list })?.member {
                unsorted.add(answer.partial.names[member])
            }
        }
        let lateWarnings = writing.late.lateWarnings
        RequestScope.current?.record?.add(missing: lateWarnings)
        writing.end.failures += lateWarnings
        writing.end.appendTail(of: writing.merge, to: &writing.out)
        try await writer.write(writing.out)
    }

    private func send(_ writing: inout Writing, to writer: inout BodyWriter) async throws {
        guard !writing.out.isEmpty else { return }
        try await writer.write(writing.out)
        writing.out.removeAll(keepingCapacity: true)
        writing.lent = writing.heldBytes
        lender?.settle(writing.lent)
    }

    /// Waits for the next part of a list, or for its end.
    private func take(_ list: Int, _ writing: inout Writing) async throws {
        guard let rest = writing.reading.rest(of: list) else { return }
        switch await writing.reading.next(list) {
        case .success(let part?):
            if writing.merge.add(part.elements, to: list, isOrdered: part.isOrdered) {
                writing.reading.begin(list)
                // A list that is collected to be sorted takes more.
                if writing.heldBytes > writing.lent {
                    try await lender?.hold(writing.heldBytes - writing.lent)
                    writing.lent = writing.heldBytes
                }
                return
            }
            writing.late.add(
                rest.member, UpstreamError(kind: .malformed("its list is not in order")))
        case .success(nil):
            let notes = await rest.stream.notes()
            writing.end.annotations.add(
                warnings: notes.warnings, infos: notes.infos,
                from: answer.partial.names[rest.member])
            if let cause = notes.partiality, answer.partial.parts[rest.member] == nil {
                writing.end.failures.append(writing.late.warning(about: rest.member, cause, nil))
            }
        case .failure(let error):
            if error.kind == .cancelled { throw CancellationError() }
            writing.late.add(rest.member, error)
        }
        writing.merge.end(list)
        await writing.reading.close(list)
    }
}

/// Reads the rests of lists, each one part ahead of what is merged.
private struct Reading {
    private typealias Read = Task<Result<ListStream.Part?, UpstreamError>, Never>

    /// By list; nil where nothing is to come.
    private var rests: [MetadataFederation.Rest?]
    private var reads: [Read?]

    init(_ rests: [MetadataFederation.Rest], of count: Int) {
        self.rests = [MetadataFederation.Rest?](repeating: nil, count: count)
        reads = [Read?](repeating: nil, count: count)
        for rest in rests {
            self.rests[rest.list] = rest
            begin(rest.list)
        }
    }

    var openCount: Int { rests.count(where: { $0 != nil }) }

    func isOpen(_ list: Int) -> Bool { rests[list] != nil }

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
    mutating func close() async { for list in rests.indices { await close(list) } }
}
