import GoText
import PrometheusWire
import Synchronization
import TimeSeries
import Upstream

/// A member that is asked only for what the cache does not have, and once for what several requests
/// want at the time.
///
/// What it answers is what the member would, to the byte. Answers that say anything besides their
/// series, such as a warning, and those that lack data are never kept: it would be hard to say of
/// which steps that is true.
struct CachingSource: FragmentSourceOverAnother {
    let source: any FragmentSource
    /// nil for a member whose answers may come from one server or another.
    let identity: MemberIdentity?
    let cache: ResultsCache
    /// Where it is counted what the cache has; nil unless the client asks for that.
    let coverage: CacheCoverage?
    let now: @Sendable () -> Timestamp
    /// Whether the member evaluates as Prometheus does, as far as is known: others look at the whole
    /// range that they are asked for.
    let evaluatesAsPrometheus: @Sendable () -> Bool

    /// The fragments of a member over the network.
    init(
        _ source: any FragmentSource, of member: Member, cache: ResultsCache,
        coverage: CacheCoverage? = nil, now: @escaping @Sendable () -> Timestamp
    ) {
        guard case .server(let client) = member.source else {
            self.init(source, nil, cache: cache, coverage: coverage, now: now) { false }
            return
        }
        self.init(source, client.identity, cache: cache, coverage: coverage, now: now) {
            client.evaluatesAsPrometheus
        }
    }

    init(
        _ source: any FragmentSource, _ identity: MemberIdentity?, cache: ResultsCache,
        coverage: CacheCoverage? = nil, now: @escaping @Sendable () -> Timestamp,
        evaluatesAsPrometheus: @escaping @Sendable () -> Bool = { true }
    ) {
        self.source = source
        self.identity = identity
        self.cache = cache
        self.coverage = coverage
        self.now = now
        self.evaluatesAsPrometheus = evaluatesAsPrometheus
    }

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        // What a question costs, only the member knows.
        guard let identity, question.statistics == nil else {
            await noteCoverage(of: question)
            return try await source.open(question)
        }
        let key = FragmentKey(question, identity)
        guard let window = window(of: question) else {
            cache.count { $0.passed += 1 }
            return try await shared(question, key, nil, most: ResultsCache.sharedBytes).stream
        }
        if let use = window.use(of: await cache.store.extents(of: key, for: window)),
            let stream = try await joined(question, key, window, use)
        {
            return stream
        }
        cache.count { $0.misses += 1 }
        return try await shared(question, key, window, most: ResultsCache.sharedBytes).stream
    }

    /// nil for a question of whose answer nothing can be kept.
    private func window(of question: FragmentQuestion) -> CachedWindow? {
        guard evaluatesAsPrometheus() else { return nil }
        return CachedWindow(question.text, on: question.grid, tail: cache.tail, now: now())
    }

    // MARK: - What the cache has

    /// Counts what the cache would have answered of a question that the member is asked.
    private func noteCoverage(of question: FragmentQuestion) async {
        guard let coverage else { return }
        let count = question.grid.count
        var cached = 0
        if let identity, let window = window(of: question),
            let use = window.use(
                of: await cache.store.extents(of: FragmentKey(question, identity), for: window))
        {
            cached = count - use.missing.reduce(0) { $0 + $1.count }
        }
        coverage.add(steps: count, cached: cached)
    }

    /// The answer of the cache and of the member together; nil where the member must be asked for all
    /// of it.
    private func joined(
        _ question: FragmentQuestion, _ key: FragmentKey, _ window: CachedWindow,
        _ use: CachedWindow.Use
    ) async throws(UpstreamError) -> (any FragmentStream)? {
        let known = use.extent
        if window.grid.isInstant {
            cache.count {
                $0.hits += 1
                $0.stepsSaved += 1
            }
            var trailer = ResponseScanner.Trailer()
            trailer.resultType = key.resultType.rawValue
            return HeldStream(known.pages, trailer, holding: known)
        }
        var asked: [StepsAsked] = []
        for reply in await missing(use.missing, question, key) {
            guard let answer = try reply.outcome.get() else { return nil }
            asked.append(StepsAsked(grid: use.missing[reply.index], answer: answer))
        }
        let parts: [SeriesJoin.Part]
        do throws(ScanError) {
            parts = try await ThreadPool.run { () async throws(ScanError) in
                if let extended = window.extended(known) {
                    let parts = try Self.parts(known, asked, extended.from, extended.through)
                    await put(SeriesJoin(parts), as: extended, inPlaceOf: known, at: key)
                }
                return try Self.parts(known, asked, window.from, window.through)
            }
        } catch {
            // It is asked for all of it, and is refused as it would be without a cache.
            return nil
        }
        let saved = window.grid.count - asked.reduce(0) { $0 + $1.grid.count }
        cache.count {
            if asked.isEmpty { $0.hits += 1 } else { $0.partialHits += 1 }
            $0.stepsSaved += saved
        }
        var trailer = ResponseScanner.Trailer()
        trailer.resultType = key.resultType.rawValue
        return JoinedStream(SeriesJoin(parts), trailer, holding: (known, asked))
    }

    /// What a member answered at some of the steps.
    private struct StepsAsked: Sendable {
        var grid: StepGrid
        var answer: HeldAnswer
    }

    /// Everything at the steps within these times, by its time.
    private static func parts(
        _ known: CachedExtent, _ asked: [StepsAsked], _ from: Timestamp, _ through: Timestamp
    ) throws(ScanError) -> [SeriesJoin.Part] {
        var parts: [SeriesJoin.Part] = []
        for one in asked where one.grid.end < known.from {
            parts.append(try SeriesJoin.Part(one.answer.pages, from: from, through: through))
        }
        parts.append(
            try SeriesJoin.Part(known.pages, from: from, through: through, isOrdered: true))
        for one in asked where one.grid.start > known.through {
            parts.append(try SeriesJoin.Part(one.answer.pages, from: from, through: through))
        }
        return parts
    }

    /// The answers at the steps that are missing, nil for one that cannot be joined.
    private func missing(
        _ grids: [StepGrid], _ question: FragmentQuestion, _ key: FragmentKey
    ) async -> [FanOut.Reply<HeldAnswer?>] {
        if grids.isEmpty { return [] }
        return await FanOut(width: grids.count).replies(to: grids) { grid throws(UpstreamError) in
            var part = question
            part.grid = grid
            let opened = try await shared(part, key, nil, most: cache.longestAnswer)
            guard case .held(let answer) = opened, answer.isPlain else { return nil }
            return answer
        }
    }

    /// Keeps an extent with these pages, unless they are more than one answer may have.
    private func put(
        _ join: SeriesJoin, as extent: CachedExtent, inPlaceOf former: CachedExtent? = nil,
        at key: FragmentKey
    ) async {
        guard evaluatesAsPrometheus() else { return }
        var (join, extent) = (join, extent)
        extent.pages = []
        var bytes = 0
        while let page = join.next(ofBytes: Self.pageBytes) {
            bytes += page.bytesReserved
            guard bytes <= cache.longestAnswer else { return }
            extent.pages.append(page)
        }
        await cache.store.put(extent, at: key, inPlaceOf: former)
    }

    private static let pageBytes = 64 << 10

    // MARK: - What the member is asked

    private enum Opened {
        case held(HeldAnswer)
        case passed(any FragmentStream)

        var stream: any FragmentStream {
            switch self {
            case .held(let answer):
                HeldStream(answer.pages, answer.trailer, holding: answer.recording)
            case .passed(let stream): stream
            }
        }
    }

    /// Asks the member, or waits for the answer that another request with the same question gets.
    ///
    /// - Parameters:
    ///   - window: of a question whose answer is to be kept.
    ///   - most: bytes of an answer that is read before this returns.
    private func shared(
        _ question: FragmentQuestion, _ key: FragmentKey, _ window: CachedWindow?, most: Int
    ) async throws(UpstreamError) -> Opened {
        let flightKey = Flights.Key(
            fragment: key, from: question.grid.start, through: question.grid.end,
            refusesParts: question.refusesParts, hops: HopChain.current.text)
        let (flight, begins) = cache.flights.board(flightKey)
        guard begins else {
            switch await flight.landing(until: question.deadline) {
            case .answer(let answer):
                cache.count { $0.shared += 1 }
                return .held(answer)
            case .refused(let error): throw error
            case .none: return .passed(try await source.open(question))
            }
        }
        var landing = Flights.Landing.none
        defer { cache.flights.land(flight, flightKey, landing) }
        do throws(UpstreamError) {
            let opened = try await asked(question, key, window, most: most)
            if case .held(let answer) = opened { landing = .answer(answer) }
            return opened
        } catch {
            if case .rejectedQuery = error.kind { landing = .refused(error) }
            throw error
        }
    }

    private func asked(
        _ question: FragmentQuestion, _ key: FragmentKey, _ window: CachedWindow?, most: Int
    ) async throws(UpstreamError) -> Opened {
        let stream = try await source.open(question)
        let recording = ResultsCache.Recording(cache, most: max(most, cache.longestAnswer))
        guard let first = try await stream.next() else {
            return await held([], recording, stream, key, window)
        }
        guard recording.add(first) else { return .passed(BegunAnswer([first], stream, nil)) }
        if !LongAnswer.isPart(first) {
            return try await read(stream, recording, key, window, most: most)
        }
        return try await ThreadPool.run { () async throws(UpstreamError) in
            try await read(stream, recording, key, window, most: most)
        }
    }

    /// Reads an answer whose first page is recorded, to its end or as far as it is shared.
    private func read(
        _ stream: any FragmentStream, _ recording: ResultsCache.Recording, _ key: FragmentKey,
        _ window: CachedWindow?, most: Int
    ) async throws(UpstreamError) -> Opened {
        var pages = recording.pages ?? []
        while recording.bytes < most {
            guard let page = try await stream.next() else {
                return await held(pages, recording, stream, key, window)
            }
            pages.append(page)
            if !recording.add(page) { break }
        }
        guard window != nil, recording.pages != nil else {
            return .passed(BegunAnswer(pages, stream, nil))
        }
        return .passed(
            BegunAnswer(pages, stream, recording) { whole, trailer in
                let answer = HeldAnswer(pages: whole, trailer: trailer, recording: recording)
                await keep(answer, key, window)
            })
    }

    private func held(
        _ pages: [SeriesPage], _ recording: ResultsCache.Recording, _ stream: any FragmentStream,
        _ key: FragmentKey, _ window: CachedWindow?
    ) async -> Opened {
        let answer = HeldAnswer(
            pages: pages, trailer: await stream.trailer(), recording: recording)
        await keep(answer, key, window)
        return .held(answer)
    }

    /// Keeps what does not change any more of a whole answer.
    private func keep(
        _ answer: HeldAnswer, _ key: FragmentKey, _ window: CachedWindow?
    ) async {
        guard let window, answer.isPlain, evaluatesAsPrometheus(),
            answer.trailer.resultType == key.resultType.rawValue
        else { return }
        var extent = window.settled
        if window.grid.isInstant {
            extent.pages = answer.pages
            guard extent.bytes <= cache.longestAnswer else { return }
            return await cache.store.put(extent, at: key, inPlaceOf: nil)
        }
        await ThreadPool.run {
            guard
                let part = try? SeriesJoin.Part(
                    answer.pages, from: extent.from, through: extent.through)
            else { return }
            await put(SeriesJoin([part]), as: extent, at: key)
        }
    }
}

extension FragmentKey {
    init(_ question: FragmentQuestion, _ member: MemberIdentity) {
        let grid = question.grid
        self.init(
            member: member, text: question.text, step: grid.step,
            phase: Self.phase(of: grid.start, grid.step),
            lookback: question.lookback, injection: question.injection,
            resultType: grid.isInstant ? question.resultType : .matrix)
    }

    /// Of steps of which one is at this time.
    static func phase(of time: Timestamp, _ step: Milliseconds) -> Int64 {
        let time = time.milliseconds
        return step == 0 ? time : time - time.floorDivided(by: step.count) * step.count
    }
}

// MARK: - Streams

/// Pages that are here.
final class HeldStream: FragmentStream {
    private let pages: Mutex<ArraySlice<SeriesPage>>
    private let end: ResponseScanner.Trailer
    /// Counts the memory of the pages.
    private let holder: any Sendable

    init(
        _ pages: [SeriesPage], _ trailer: ResponseScanner.Trailer, holding holder: any Sendable
    ) {
        self.pages = Mutex(pages[...])
        end = trailer
        self.holder = holder
    }

    func next() async throws(UpstreamError) -> SeriesPage? { pages.withLock { $0.popFirst() } }

    func trailer() async -> ResponseScanner.Trailer { end }
}

/// Pages that are made when they are wanted.
actor JoinedStream: FragmentStream {
    private var join: SeriesJoin
    private var isFirst = true
    private let end: ResponseScanner.Trailer
    /// Counts the memory of what is joined.
    private let holder: any Sendable

    init(
        _ join: SeriesJoin, _ trailer: ResponseScanner.Trailer, holding holder: any Sendable
    ) {
        self.join = join
        end = trailer
        self.holder = holder
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        // A short first page, so that its reader knows soon that the answer is long.
        let size = isFirst ? ResponseScanner.Limits.firstPage : ResponseScanner.Limits().page
        isFirst = false
        return join.next(ofBytes: size)
    }

    func trailer() async -> ResponseScanner.Trailer { end }
}

/// An answer whose first pages were read, and which is recorded while the others are.
private actor BegunAnswer: FragmentStream {
    private var first: ArraySlice<SeriesPage>
    private let rest: any FragmentStream
    private var recording: ResultsCache.Recording?
    private var atEnd: (@Sendable ([SeriesPage], ResponseScanner.Trailer) async -> Void)?

    init(
        _ first: [SeriesPage], _ rest: any FragmentStream, _ recording: ResultsCache.Recording?,
        atEnd: (@Sendable ([SeriesPage], ResponseScanner.Trailer) async -> Void)? = nil
    ) {
        self.first = first[...]
        self.rest = rest
        self.recording = recording
        self.atEnd = atEnd
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        if let page = first.popFirst() { return page }
        if let page = try await rest.next() {
            if let recording, !recording.add(page) { forget() }
            return page
        }
        if let atEnd, let pages = recording?.pages {
            forget()
            await atEnd(pages, await rest.trailer())
        }
        return nil
    }

    private func forget() { (recording, atEnd) = (nil, nil) }

    func trailer() async -> ResponseScanner.Trailer { await rest.trailer() }
}
