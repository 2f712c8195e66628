import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// Members' streams of chunks, merged into one in label order while they arrive, query by query.
/// Its reader merges it with others and relies on the order, so an answer that turns out not
/// to have it is broken off; the next one has.
struct ChunkedAnswer: Sendable {
    struct Part: Sendable {
        /// Index into the project's members.
        var member: Int
        var name: String
        /// The queries it answers.
        var numbers: Set<Int>
        var stream: ChunkStream
    }

    /// What was read of a part before the answer to a query began.
    private struct Held: Sendable {
        var part: Part
        var pages: [SeriesPage] = []
        var isEnded = false
    }

    /// Bytes that are gathered before they are sent.
    private static let piece = 128 << 10

    private var parts: [Part]
    private let queries: Int
    private let partition: PartitionLabel
    /// Bytes that may be held.
    private let heldBytes: Int
    private let unsortedMembers: UnsortedMembers
    /// Where the answer is merged.
    private let turn: QueryTurn
    private let merged: MergedAnswer
    /// Lasts as long as the answer is sent.
    private let admission: QueueMemory.Admission
    private var first: [Held] = []

    init(
        parts: [Part], queries: Int, partition: PartitionLabel, heldBytes: Int,
        unsortedMembers: UnsortedMembers, turn: QueryTurn, admission: QueueMemory.Admission
    ) {
        self.admission = admission
        self.parts = parts
        self.queries = queries
        self.partition = partition
        self.heldBytes = heldBytes
        self.unsortedMembers = unsortedMembers
        self.turn = turn
        merged = MergedAnswer(
            turn, streams: parts.count, heldBytes: 0, writtenBytes: 6 * Self.piece)
    }

    /// Reads the beginning of the first query, so that a failure can still be told in words. Parts
    /// that failed are left out, and returned.
    mutating func begin() async -> [(part: Part, failure: UpstreamError)] {
        var failures: [(part: Part, failure: UpstreamError)] = []
        var held: [Held] = []
        for outcome in await hold(0) {
            switch outcome.result {
            case .success(let some): held.append(some)
            case .failure(let failure): failures.append((outcome.part, failure))
            }
        }
        let failed = Set(failures.map(\.part.member))
        parts.removeAll { failed.contains($0.member) }
        first = held
        return failures
    }

    func response() -> PrometheusResponse {
        PrometheusResponse(
            headers: ["Content-Type": RemoteReadChunks.contentType],
            body: .stream { [self] writer in
                turn.work.answerBegins()
                for query in 0..<queries {
                    do {
                        let held =
                            query == 0 ? first : try await hold(query).map { try $0.result.get() }
                        try await write(query, held, to: &writer)
                    } catch let failure as UpstreamError {
                        throw failure.apiError
                    }
                }
            })
    }

    // MARK: Reading

    /// What came of one part, before the answer to a query began.
    private typealias Beginning = (part: Part, result: Result<Held, UpstreamError>)

    /// Reads every part of a query to its end, or to its share of what may be held.
    private func hold(_ query: Int) async -> [Beginning] {
        let chosen = parts.filter { $0.numbers.contains(query) }
        let share = heldBytes / max(1, chosen.count)
        let replies = await FanOut(width: chosen.count).replies(to: chosen) {
            [turn, merged] part throws(UpstreamError) in
            try await Self.held(part, query, share: share, turn, merged)
        }
        return zip(chosen, replies).map { ($0, $1.outcome) }
    }

    private static func held(
        _ part: Part, _ query: Int, share: Int, _ turn: QueryTurn, _ merged: MergedAnswer
    ) async throws(UpstreamError) -> Held {
        var held = Held(part: part)
        var bytes = 0
        while bytes < share, !held.isEnded {
            if let page = try await part.stream.next(ofQuery: query) {
                try await turn.hold(page.heldBytes)
                bytes += page.bytes.count
                held.pages.append(page)
            } else {
                held.isEnded = true
            }
        }
        if !held.isEnded { try await merged.begin() }
        return held
    }

    // MARK: Writing

    private func write(
        _ query: Int, _ held: [Held], to writer: inout BodyWriter
    ) async throws {
        var bytes: [UInt8] = []
        if held.allSatisfy(\.isEnded) {
            var sorted = try await turn.compute { SortedElements(held.flatMap(\.pages)) }
            while true {
                let isMore = try await turn.compute {
                    while let element = sorted.next() {
                        element.append(to: &bytes)
                        if bytes.count >= Self.piece { return true }
                    }
                    return false
                }
                try await writer.write(bytes)
                guard isMore else { return }
                bytes.removeAll(keepingCapacity: true)
            }
        }
        let sources = held.map { HeldChunks($0.pages, $0.isEnded, $0.part.stream, query) }
        var merge = SeriesMerge(
            sources.map { source in { try await source.next() } }, added: partition.names,
            unsorted: Set(held.indices.filter { isUnsorted(held[$0]) }))
        while merge.disorder == 0 {
            // What is out of order is not sent.
            let isMore = try await merge.give(in: turn) { element, disorder in
                guard disorder == 0 else { return false }
                element.append(to: &bytes)
                return bytes.count < Self.piece
            }
            guard isMore, merge.disorder == 0 else { break }
            try await writer.write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        for index in merge.unsorted { unsortedMembers.add(held[index].part.name) }
        if merge.disorder > 0 {
            let names = merge.unsorted.sorted().map { GoQuoting.quote(held[$0].part.name) }
            throw APIError(
                .unavailable,
                "the series of project \(names.joined(separator: ", ")) are not in the order of "
                    + "their labels; they will be sorted when they are asked for again")
        }
        try await writer.write(bytes)
    }

    /// Said so, known from an earlier answer, or seen to hold an own label of the name of an added
    /// one, which moved when it was renamed.
    private func isUnsorted(_ held: Held) -> Bool {
        if held.part.stream.isUnsorted || unsortedMembers.contains(held.part.name) {
            return true
        }
        let renamed = partition.labels(of: held.part.name).namesOfMovedLabels
        return held.pages.contains { page in
            page.series.indices.contains { index in
                let key = SeriesElement(page: page, index: index).key
                return !LabelSet(key: Array(key)).keeping(renamed).isEmpty
            }
        }
    }
}

/// First the pages that were held, then those that arrive.
private actor HeldChunks {
    private var held: ArraySlice<SeriesPage>
    private let isEnded: Bool
    private let stream: ChunkStream
    private let query: Int

    init(_ held: [SeriesPage], _ isEnded: Bool, _ stream: ChunkStream, _ query: Int) {
        self.held = held[...]
        self.isEnded = isEnded
        self.stream = stream
        self.query = query
    }

    func next() async throws -> SeriesPage? {
        if let page = held.popFirst() { return page }
        return isEnded ? nil : try await stream.next(ofQuery: query)
    }
}
