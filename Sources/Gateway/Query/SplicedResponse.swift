import Federation
import GatewayConfiguration
import PromQL
import PrometheusServer
import PrometheusWire
import Synchronization
import TimeSeries

/// An answer that is the union of what the members say: their bytes are merged and sent while they
/// arrive. A short answer is held until every member succeeded, so that a failure still can be
/// met with an error.
struct SplicedResponse: Sendable {
    var query: QueryRequest
    var plan: Plan
    var leaf: Plan.RemoteNodeID
    var asker: QuestionAsker
    /// Bytes that may be held.
    var heldBytes: Int
    /// Series that an answer may have.
    var maxSeries: Int
    var unsortedMembers: UnsortedMembers
    /// What was spent before.
    var statistics: QueryStatistics
    /// Lasts as long as the answer is sent.
    var admission: RequestMemory.Admission

    /// One member's stream, and what was read of it before the answer began.
    private struct Part: Sendable {
        var member: Int
        var reader: ReadAhead
        var held: [SeriesPage] = []
        var isEnded = false

        var seriesHeld: Int { held.reduce(0) { $0 + $1.series.count } }
    }

    private var isVector: Bool { query.kind == .instant && plan.rootType == .instantVector }

    /// - Throws: `APIError`, or `CancellationError`.
    func response() async throws -> PrometheusResponse {
        let fetches = plan.leaves[leaf].fetches.map { plan.fetches[$0] }
        let (parts, missing) = await begin(fetches)
        let late = LateFailures(names: asker.names)
        let sources = parts.map { part in
            PageSource(part.held, isEnded: part.isEnded, part.reader, part.member, late)
        }
        let failures: [String]
        var sorted: SortedElements?
        do {
            failures = try missing.warnings(for: plan, under: query.partialResponse)
            try checkCount(parts.reduce(0) { $0 + $1.seriesHeld })
            // Members send vectors in whatever order they like; and what is here wholly is sorted
            // sooner than merged.
            if isVector || parts.allSatisfy(\.isEnded) {
                let pages = try await drained(sources)
                sorted = try await asker.turn.compute { SortedElements(pages) }
            }
        } catch let failure as FragmentFailure {
            for part in parts { await part.reader.cancel() }
            throw failure.ofQuery ?? APIError(.execution, failure.text)
        } catch {
            for part in parts { await part.reader.cancel() }
            throw error
        }
        let whole = sorted
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        headers["X-Tributary-Plan"] = "union"
        return PrometheusResponse(
            headers: headers,
            body: .stream { writer in
                try await withTaskCancellationHandler {
                    try await write(parts, sources, whole, failures, late, to: &writer)
                } onCancel: {
                    for part in parts { Task { await part.reader.cancel() } }
                }
            })
    }

    // MARK: - Reading

    private struct BegunPart: Sendable {
        var index: Int
        var part: Part
        var failure: FragmentFailure?
    }

    /// Opens every stream and reads it to its end or to its share of what may be held.
    private func begin(_ fetches: [Plan.RemoteQuery]) async -> ([Part], MissingMembers) {
        let share = heldBytes / max(1, fetches.count)
        return await withTaskGroup(of: BegunPart.self) { group in
            for (index, fetch) in fetches.enumerated() {
                group.addTask {
                    var part = Part(member: fetch.member, reader: ReadAhead())
                    await part.reader.start { () async throws(FragmentFailure) in
                        try await asker.open(fetch)
                    }
                    do throws(FragmentFailure) {
                        var bytes = 0
                        while bytes < share {
                            guard let page = try await part.reader.next() else {
                                part.isEnded = true
                                break
                            }
                            bytes += page.bytes.count
                            part.held.append(page)
                        }
                        return BegunPart(index: index, part: part)
                    } catch {
                        return BegunPart(index: index, part: part, failure: error)
                    }
                }
            }
            var begun: [BegunPart] = []
            var missing = MissingMembers(names: asker.names)
            for await one in group {
                if let failure = one.failure {
                    missing.add(one.part.member, failure)
                    await one.part.reader.cancel()
                } else {
                    begun.append(one)
                }
            }
            return (begun.sorted { $0.index < $1.index }.map(\.part), missing)
        }
    }

    /// Everything that is still to come, refused as soon as it is too much. The first
    /// `heldBytes` of an answer do not count as held: every answer may have them.
    private func drained(_ sources: [PageSource]) async throws -> [SeriesPage] {
        var pages: [SeriesPage] = []
        var count = 0
        var (bytes, counted) = (0, heldBytes)
        for source in sources {
            while let page = try await source.next() {
                count += page.series.count
                try checkCount(count)
                bytes += page.bytes.count + page.keys.count
                if bytes > heldBytes {
                    try await asker.turn.hold(bytes - counted)
                    counted = bytes
                }
                pages.append(page)
            }
        }
        return pages
    }

    /// What the client's own `limit` cuts away is not counted.
    private func checkCount(_ count: Int) throws(APIError) {
        let wanted = query.limit > 0 ? min(query.limit, count) : count
        guard wanted <= maxSeries else {
            throw APIError(
                .execution, "the answer has more than \(maxSeries) series (limits.maxSeries)")
        }
    }

    // MARK: - Writing

    /// The parts whose series are not in order: known from earlier answers, or seen to hold the
    /// member's own partition label, which moved when it was renamed.
    private func unsorted(_ parts: [Part]) -> Set<Int> {
        let renamed = LabelNames([
            asker.project.partition.visibleName(of: asker.project.partition.name)
        ])
        var found: Set<Int> = []
        for (index, part) in parts.enumerated() {
            let holdsRenamed = part.held.contains { page in
                page.series.contains { extent in
                    !LabelSet(key: Array(page.keys[extent.key])).keeping(renamed).isEmpty
                }
            }
            if holdsRenamed || unsortedMembers.contains(asker.names[part.member]) {
                found.insert(index)
            }
        }
        return found
    }

    private static let chunk = 128 << 10

    /// - Parameter whole: everything, when it was read before the answer began.
    private func write(
        _ parts: [Part], _ sources: [PageSource], _ whole: SortedElements?, _ failures: [String],
        _ late: LateFailures, to writer: inout BodyWriter
    ) async throws {
        var buffer = Envelope.head
        let type = isVector ? "vector" : "matrix"
        buffer.append(contentsOf: "{\"resultType\":\"\(type)\",\"result\":[".utf8)
        var sink = ElementSink(limit: query.limit, buffer: buffer)
        if let whole {
            for element in whole {
                guard sink.append(element) else { break }
                if sink.buffer.count >= Self.chunk { try await writer.write(sink.take()) }
            }
        } else {
            var merge = SeriesMerge(
                sources.map { source in { try await source.next() } },
                partition: asker.project.partition.name, unsorted: unsorted(parts))
            while let element = try await merge.next() {
                guard sink.append(element) else { break }
                // Too late for an error in words: the answer breaks off.
                try checkCount(sink.count)
                if sink.buffer.count >= Self.chunk { try await writer.write(sink.take()) }
            }
            for index in merge.unsorted {
                unsortedMembers.add(asker.names[parts[index].member])
            }
        }
        var tail = sink.take()
        var annotations = MemberAnnotations()
        var statistics = statistics
        var failures = failures
        for part in parts {
            let trailer = await part.reader.trailer()
            annotations.add(trailer, from: asker.names[part.member])
            statistics.add(trailer, from: asker.names[part.member])
            if let cause = trailer.partiality {
                failures.append(
                    MissingMembers.warning(
                        aboutPartOf: asker.names[part.member], cause, asker.partEffect))
            }
        }
        var infos = annotations.infos.union(query.infos)
        tail.append(contentsOf: "]".utf8)
        if query.statistics != nil {
            tail.append(contentsOf: ",\"stats\":".utf8)
            statistics.append(to: &tail)
            infos.formUnion(statistics.infos)
        }
        tail.append(UInt8(ascii: "}"))
        for part in parts { await part.reader.cancel() }
        var warnings = annotations.warnings.union(query.warnings)
        if sink.isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        let lateWarnings = await late.warnings
        if let error = await late.part { throw error }
        if !lateWarnings.isEmpty, query.partialResponse == .abort {
            throw APIError(.unavailable, lateWarnings.joined(separator: "; "))
        }
        Envelope.appendTail(
            failures: failures + lateWarnings, warnings: warnings,
            infos: infos, to: &tail)
        try await writer.write(tail)
    }
}

/// Members that failed after the answer had begun.
private actor LateFailures {
    private var missing: MissingMembers

    init(names: [String]) { missing = MissingMembers(names: names) }

    func add(_ member: Int, _ failure: FragmentFailure) { missing.add(member, failure) }
    var warnings: [String] { missing.lateWarnings }
    var part: APIError? { missing.latePart }
}

/// First the pages that were held, then those that arrive.
private actor PageSource {
    private var held: ArraySlice<SeriesPage>
    private var isEnded: Bool
    private let reader: ReadAhead
    private let member: Int
    private let late: LateFailures

    init(
        _ held: [SeriesPage], isEnded: Bool, _ reader: ReadAhead, _ member: Int,
        _ late: LateFailures
    ) {
        self.held = held[...]
        self.isEnded = isEnded
        self.reader = reader
        self.member = member
        self.late = late
    }

    /// A failure ends the member's part, and is told at the end of the answer.
    func next() async throws -> SeriesPage? {
        if let page = held.popFirst() { return page }
        if isEnded { return nil }
        do throws(FragmentFailure) {
            if let page = try await reader.next() { return page }
        } catch {
            if case .cancelled = error { throw CancellationError() }
            await late.add(member, error)
        }
        isEnded = true
        return nil
    }
}

/// Collects the elements of a result, up to the request's limit.
struct ElementSink {
    private let limit: Int
    private(set) var count = 0
    private(set) var buffer: [UInt8]
    /// Whether the limit left something out.
    private(set) var isTruncated = false

    /// `limit` 0 is none.
    init(limit: Int, buffer: [UInt8]) {
        self.limit = limit
        self.buffer = buffer
    }

    /// False when the limit is met and nothing more is wanted.
    mutating func append(_ element: SeriesElement) -> Bool {
        guard limit == 0 || count < limit else {
            isTruncated = true
            return false
        }
        if count > 0 { buffer.append(UInt8(ascii: ",")) }
        count += 1
        element.append(to: &buffer)
        return true
    }

    /// What was collected since the last call.
    mutating func take() -> [UInt8] {
        defer { buffer = [] }
        return buffer
    }
}

/// The elements of pages in label order.
struct SortedElements: Sequence, IteratorProtocol {
    private var elements: ArraySlice<SeriesElement>

    init(_ pages: [SeriesPage]) {
        var all: [SeriesElement] = []
        for page in pages {
            for index in page.series.indices { all.append(SeriesElement(page: page, index: index)) }
        }
        all.sort { $0.key.lexicographicallyPrecedes($1.key) }
        elements = all[...]
    }

    mutating func next() -> SeriesElement? { elements.popFirst() }
}

/// Members whose answers were not in label order: from the next answer on, theirs are read wholly
/// and sorted.
final class UnsortedMembers: Sendable {
    private let names = Mutex<Set<String>>([])

    func add(_ name: String) { names.withLock { _ = $0.insert(name) } }
    func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}
