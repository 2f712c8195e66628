import GatewayConfiguration
import PromQL
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import TimeSeries
import Upstream
import UpstreamSettings

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
    var admission: QueueMemory.Admission

    /// One member's stream, and what was read of it before the answer began.
    fileprivate struct Part: Sendable {
        var member: Int
        var held: [SeriesPage] = []
        /// Of what was read to its end.
        var trailer: ResponseScanner.Trailer?
        /// Reads the rest of a long one.
        var reader: ReadAhead?

        var isEnded: Bool { trailer != nil }
        var seriesHeld: Int { held.reduce(0) { $0 + $1.series.count } }
        var bytesHeld: Int { held.reduce(0) { $0 + $1.bytes.count } }

        func cancel() async { await reader?.cancel() }
    }

    /// Whether elements carry the names of their members; else they are one member's own answer.
    private var isNamed: Bool { !asker.project.partition.isNone }

    private var isVector: Bool { query.kind == .instant && plan.rootType == .instantVector }

    /// - Throws: `APIError`, or `CancellationError`.
    func response() async throws -> PrometheusResponse {
        let fetches = plan.leaves[leaf].fetches.map { plan.fetches[$0] }
        let (parts, partial) = await begin(fetches)
        let isShort =
            parts.allSatisfy(\.isEnded)
            && parts.reduce(0) { $0 + $1.bytesHeld } < ResponseScanner.Limits.firstPage
        if isShort { return try await response(parts, partial, isShort: true) }
        return try await ThreadPool.run { try await response(parts, partial, isShort: false) }
    }

    private func response(
        _ parts: [Part], _ partial: PartialAnswer, isShort: Bool
    ) async throws -> PrometheusResponse {
        var (parts, partial) = (parts, partial)
        let late = LateFailures(names: asker.names)
        let areEnded = parts.allSatisfy(\.isEnded)
        let sources =
            areEnded ? [] : parts.map { PageSource($0, late, maxSeries: maxSeriesOfPart) }
        var failures: [String]
        var sorted: SortedElements?
        do {
            failures = try admitted(partial)
            try checkCount(parts.reduce(0) { $0 + $1.seriesHeld })
            // Members send vectors in whatever order they like; and what is here wholly is sorted
            // sooner than merged.
            if areEnded {
                sorted = try await whole(parts.map(\.held), of: &parts, &partial)
                failures = try admitted(partial)
            } else if isVector {
                let held = parts.map(\.held.count)
                sorted = try await whole(drained(sources, held: held), of: &parts, &partial)
                failures = try admitted(partial)
            }
        } catch let failure as UpstreamError {
            for part in parts { await part.cancel() }
            throw failure.ofQuery ?? APIError(.execution, failure.cause)
        } catch {
            for part in parts { await part.cancel() }
            throw error
        }
        let (whole, given, missing) = (sorted, parts, failures)
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        headers["X-Tributary-Plan"] = "union"
        return PrometheusResponse(
            headers: headers,
            body: .stream { writer in
                asker.turn.work.answerBegins()
                try await RequestScope.measure(.merge) {
                    if isShort {
                        return try await write(given, [], whole, missing, late, to: &writer)
                    }
                    try await ThreadPool.run {
                        try await withTaskCancellationHandler {
                            try await write(given, sources, whole, missing, late, to: &writer)
                        } onCancel: {
                            for part in given { Task { await part.cancel() } }
                        }
                    }
                }
            })
    }

    /// The warnings about members that are missing.
    private func admitted(_ partial: PartialAnswer) throws(APIError) -> [String] {
        try partial.admit(
            asked: plan.membersAsked, under: query.partialResponse,
            effect: (plan.effect(ofMissing: partial.members), asker.partEffect), in: .execution)
    }

    // MARK: - Reading

    /// Opens every stream and reads it to its end or to its share of what may be held.
    private func begin(_ fetches: [Plan.RemoteQuery]) async -> ([Part], PartialAnswer) {
        let share = heldBytes / max(1, fetches.count)
        let (asker, maxSeries) = (asker, maxSeriesOfPart)
        let merged = MergedAnswer(
            asker.turn, streams: fetches.count, heldBytes: heldBytes,
            writtenBytes: Self.writtenAtOnce)
        let replies = await FanOut(width: fetches.count).replies(to: fetches) {
            fetch throws(UpstreamError) in
            try await Self.begun(fetch, share: share, maxSeries, asker, merged)
        }
        var parts: [Part] = []
        var partial = PartialAnswer(names: asker.names, counts: asker.project.counts)
        for reply in replies {
            switch reply.outcome {
            case .success(let part): parts.append(part)
            case .failure(let error): partial.add(fetches[reply.index].member, error)
            }
        }
        return (parts, partial)
    }

    private static func begun(
        _ fetch: Plan.RemoteQuery, share: Int, _ maxSeries: Int, _ asker: QuestionAsker,
        _ merged: MergedAnswer
    ) async throws(UpstreamError) -> Part {
        let stream = try await asker.open(fetch)
        var part = Part(member: fetch.member)
        var bytes = 0
        func hold(_ page: SeriesPage) throws(UpstreamError) {
            bytes += page.bytes.count
            part.held.append(page)
            try PageSource.check(part.seriesHeld, maxSeries)
        }
        while bytes < share {
            guard let page = try await stream.next() else {
                part.trailer = await stream.trailer()
                return part
            }
            try hold(page)
            if LongAnswer.isPart(page) { break }
        }
        // The rest is read ahead once there is memory for it, and further ahead while there is plenty.
        try await merged.begin()
        let isPlenty = asker.turn.held.lendIfPlenty((ReadAhead.deep - 1) * LongAnswer.pageBytes)
        let reader = ReadAhead(depth: isPlenty ? ReadAhead.deep : 1)
        await reader.start(stream)
        part.reader = reader
        do throws(UpstreamError) {
            while bytes < share {
                guard let page = try await reader.next() else {
                    part.trailer = await reader.trailer()
                    break
                }
                try hold(page)
            }
            return part
        } catch {
            await reader.cancel()
            throw error
        }
    }

    /// The pages of every part in label order. A member that has a series twice is malformed, and
    /// becomes one of those that are missing.
    private func whole(
        _ pages: [[SeriesPage]], of parts: inout [Part], _ partial: inout PartialAnswer
    ) async throws -> SortedElements {
        var pages = pages
        while true {
            let all = pages.flatMap { $0 }
            let sorted = try await asker.turn.compute { SortedElements(all) }
            guard let twice = sorted.firstTwice,
                let index = pages.firstIndex(where: { pages in
                    pages.contains { $0.holds(twice.key) }
                })
            else {
                // Some functions order a vector, and a member's own answer has its order.
                return isNamed || !isVector ? sorted : SortedElements(asGiven: all)
            }
            let error = UpstreamError(kind: UpstreamError.Kind(ScanError.duplicate(of: twice)))
            partial.add(parts[index].member, error)
            await parts[index].cancel()
            parts.remove(at: index)
            pages.remove(at: index)
        }
    }

    /// Everything that is still to come, by part, refused as soon as it is too much.
    ///
    /// - Parameter held: by source, pages that are held already.
    private func drained(
        _ sources: [PageSource], held: [Int]
    ) async throws -> [[SeriesPage]] {
        var all: [[SeriesPage]] = []
        var count = 0
        for (source, held) in zip(sources, held) {
            var pages: [SeriesPage] = []
            while let page = try await source.next() {
                count += page.series.count
                try checkCount(count)
                if pages.count >= held { try await asker.turn.hold(page.heldBytes) }
                pages.append(page)
            }
            all.append(pages)
        }
        return all
    }

    /// Series that one member may give: what it gives alone must have a place in an answer.
    private var maxSeriesOfPart: Int {
        query.limit > 0 && query.limit <= maxSeries ? .max : maxSeries
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

    /// The parts whose series are not in order: known from earlier answers, seen to hold an own label
    /// of the name of an added one, which moved when it was renamed, or without one that they were
    /// in order with.
    private func unsorted(_ parts: [Part]) -> Set<Int> {
        var found: Set<Int> = []
        let isOfSamples = query.kind == .instant && !isVector
        for (index, part) in parts.enumerated() {
            let hidesLabel =
                isOfSamples
                && asker.project.members[part.member].clients.contains {
                    $0.configuration.selector?.hiddenLabel != nil
                }
            let renamed = asker.project.partition.labels(of: asker.names[part.member])
                .namesOfMovedLabels
            let holdsRenamed = part.held.contains { page in
                page.series.contains { extent in
                    !LabelSet(key: Array(page.keys[extent.key])).keeping(renamed).isEmpty
                }
            }
            if holdsRenamed || hidesLabel
                || unsortedMembers.contains(asker.names[part.member])
            {
                found.insert(index)
            }
        }
        return found
    }

    private static let chunk = 128 << 10
    /// What an answer takes that is written while it is made: what is gathered, compressed and not
    /// yet sent.
    private static let writtenAtOnce = 6 * chunk

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
            var rest = whole
            while try await asker.turn.compute({ sink.append(&rest, upTo: Self.chunk) }) {
                try await writer.write(sink.take())
            }
        } else {
            var merge = SeriesMerge(
                sources.map { source in { try await source.next() } },
                added: asker.project.partition.names, unsorted: unsorted(parts))
            while try await merge.give(
                in: asker.turn,
                { element, _ in
                    guard sink.append(element) else { return false }
                    // Too late for an error in words: the answer breaks off.
                    try checkCount(sink.count)
                    return sink.buffer.count < Self.chunk
                }), !sink.isTruncated
            {
                try await writer.write(sink.take())
            }
            for index in merge.unsorted {
                unsortedMembers.add(asker.names[parts[index].member])
            }
        }
        var tail = sink.take()
        var annotations = MemberAnnotations()
        annotations.areNamed = isNamed
        var statistics = statistics
        var failures = failures
        for part in parts {
            let trailer: ResponseScanner.Trailer
            if let known = part.trailer {
                trailer = known
            } else {
                trailer = await part.reader?.trailer() ?? ResponseScanner.Trailer()
            }
            annotations.add(trailer, from: asker.names[part.member])
            statistics.add(trailer, from: asker.names[part.member])
            if let cause = trailer.partiality {
                failures.append(
                    PartialAnswer(names: asker.names, counts: asker.project.counts)
                        .warning(about: part.member, cause, asker.partEffect.warningOfPart))
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
        for part in parts { await part.cancel() }
        var warnings = annotations.warnings.union(query.warnings)
        if sink.isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        let lateWarnings = await late.warnings
        if let error = await late.part { throw error }
        if let record = RequestScope.current?.record {
            record.update { $0.series = sink.count }
            record.add(missing: lateWarnings)
        }
        if !lateWarnings.isEmpty, query.partialResponse == .abort {
            throw APIError(.unavailable, lateWarnings.joined(separator: "; "))
        }
        asker.project.counts.appendTail(
            failures: failures + lateWarnings, warnings: warnings, infos: infos, to: &tail)
        try await writer.write(tail)
    }
}

/// Members that failed after the answer had begun.
private actor LateFailures {
    private var partial: PartialAnswer

    init(names: [String]) { partial = PartialAnswer(names: names) }

    func add(_ member: Int, _ failure: UpstreamError) { partial.add(member, failure) }
    var warnings: [String] { partial.lateWarnings }
    var part: APIError? { partial.latePart }
}

/// First the pages that were held, then those that arrive.
private actor PageSource {
    private var held: ArraySlice<SeriesPage>
    private var isEnded: Bool
    private let reader: ReadAhead?
    private let member: Int
    private let late: LateFailures
    private let maxSeries: Int
    private var count: Int

    init(_ part: SplicedResponse.Part, _ late: LateFailures, maxSeries: Int) {
        self.maxSeries = maxSeries
        count = part.seriesHeld
        held = part.held[...]
        isEnded = part.isEnded
        reader = part.reader
        member = part.member
        self.late = late
    }

    static func check(_ count: Int, _ maxSeries: Int) throws(UpstreamError) {
        guard count <= maxSeries else {
            throw UpstreamError(
                kind: .oversized("more than \(maxSeries) series in one answer (limits.maxSeries)"))
        }
    }

    /// A failure ends the member's part, and is told at the end of the answer.
    func next() async throws -> SeriesPage? {
        if let page = held.popFirst() { return page }
        if isEnded { return nil }
        do throws(UpstreamError) {
            if let page = try await reader?.next() {
                count += page.series.count
                try Self.check(count, maxSeries)
                return page
            }
        } catch {
            if error.kind == .cancelled { throw CancellationError() }
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

    /// Moves elements here until so many bytes are collected; false when nothing more is wanted or
    /// left.
    mutating func append(_ rest: inout SortedElements, upTo size: Int) -> Bool {
        while buffer.count < size {
            guard let element = rest.next(), append(element) else { return false }
        }
        return true
    }

    /// What was collected since the last call. Of a long answer the next piece will be as long.
    mutating func take() -> [UInt8] {
        let taken = buffer
        buffer = []
        if taken.count >= ResponseScanner.Limits.firstPage {
            buffer.reserveCapacity(taken.count + taken.count / 8)
        }
        return taken
    }
}

extension SeriesPage {
    fileprivate func holds(_ key: ArraySlice<UInt8>) -> Bool {
        series.contains { keys[$0.key].elementsEqual(key) }
    }
}
