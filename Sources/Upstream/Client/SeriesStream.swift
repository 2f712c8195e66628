import GoText
public import PrometheusWire
import TimeSeries

/// The series of one answer, in pages, as they arrive. An actor, so that inflating and scanning run
/// on the pool and never on the loop. Not reading makes the member wait; dropping the stream ends
/// the transfer.
public actor SeriesStream {
    /// What the pages go through on their way.
    enum Shape: Sendable {
        case asAnswered
        /// A matrix of one step, to be given as a vector at that time.
        case vector(at: Timestamp)
        /// A matrix of finer steps than are wanted.
        case thinned(to: StepGrid)
        /// A matrix at other seconds than are wanted.
        case moved(WholeSecondRange)
    }

    /// Opens the answer that takes the place of one at other times than were asked for.
    typealias Instead = @Sendable () async throws(UpstreamError) -> SeriesStream

    /// nil of an answer that was put together before.
    private let answer: UpstreamClient.Answer?
    private var scanner: ResponseScanner
    private let shape: Shape
    private let refusesParts: Bool
    private var pages: ArraySlice<SeriesPage> = []
    private var failure: UpstreamError?
    private var instead: Instead?
    private var replacement: SeriesStream?
    /// Read by `begin`.
    private var first: SeriesPage?

    /// Set when `next` has returned nil.
    public private(set) var trailer: ResponseScanner.Trailer?

    /// - Parameters:
    ///   - refusesParts: whether an answer that lacks data is a failure.
    ///   - instead: is asked when the first sample stands where none was asked for. Later there is no
    ///     way back: pages have been given.
    init(
        _ answer: sending UpstreamClient.Answer, scanner: sending ResponseScanner, shape: Shape,
        refusesParts: Bool, instead: Instead?
    ) {
        self.answer = answer
        self.scanner = scanner
        self.shape = shape
        self.refusesParts = refusesParts
        self.instead = instead
    }

    /// An answer that is here wholly.
    init(_ pages: [SeriesPage], _ trailer: ResponseScanner.Trailer) {
        answer = nil
        scanner = ResponseScanner()
        shape = .asAnswered
        refusesParts = false
        self.pages = pages[...]
        self.trailer = trailer
    }

    /// The next page, nil at the end of a whole answer.
    ///
    /// - Throws: `UpstreamError`, on every later call too. Pages handed out before are of a member
    ///   that has failed.
    public func next() async throws(UpstreamError) -> SeriesPage? {
        if let failure { throw failure }
        if let page = first {
            first = nil
            return page
        }
        do throws(UpstreamError) {
            let page = try await following()
            instead = nil
            return page
        } catch {
            failure = error
            throw error
        }
    }

    /// Waits for the first page, which `next` then gives.
    func begin() async throws(UpstreamError) {
        if first == nil { first = try await next() }
    }

    private func following() async throws(UpstreamError) -> SeriesPage? {
        if replacement == nil {
            do throws(UpstreamError.Kind) {
                return try await read()
            } catch {
                guard let answer else { return nil }
                let failed = answer.call.failed(error)
                guard case .ownGrid = error, let instead else { throw failed }
                replacement = try await instead()
            }
        }
        let page = try await replacement?.next()
        if page == nil { trailer = await replacement?.trailer }
        return page
    }

    private func read() async throws(UpstreamError.Kind) -> SeriesPage? {
        while true {
            if let page = pages.popFirst() { return page }
            guard trailer == nil, let answer else { return nil }
            if answer.body.isReady {
                try await QueryWork.page(of: answer.body.work) {
                    () throws(UpstreamError.Kind) in try scan(answer.body)
                }
                continue
            }
            if try await answer.body.more() { continue }
            do throws(ScanError) {
                let trailer = try scanner.finish()
                try checkWhole(trailer)
                pages = try shaped(scanner.takePages())[...]
                self.trailer = shaped(trailer)
                answer.call.succeeded(answer.body)
            } catch {
                throw UpstreamError.Kind(error)
            }
        }
    }

    /// Takes what has come of a body.
    private func scan(_ body: UpstreamBody) throws(UpstreamError.Kind) {
        guard let bytes = try body.ready() else { return }
        do throws(ScanError) {
            try scanner.append(bytes)
            try checkWhole(scanner.beginning)
            pages = try shaped(scanner.takePages())[...]
        } catch {
            throw UpstreamError.Kind(error)
        }
    }

    private func checkWhole(_ trailer: ResponseScanner.Trailer) throws(ScanError) {
        guard refusesParts, let cause = trailer.partiality else { return }
        throw .partial(cause)
    }

    private func shaped(_ pages: [SeriesPage]) throws(ScanError) -> [SeriesPage] {
        var all: [SeriesPage] = []
        switch shape {
        case .asAnswered: return pages
        case .vector(let time):
            for page in pages { all.append(try InstantPages.vector(page, at: time)) }
        case .thinned(let grid):
            for page in pages { all.append(try page.thinned(to: grid)) }
        case .moved(let range):
            for page in pages { all.append(try page.moved { range.step(for: $0) }) }
        }
        return all.filter { !$0.series.isEmpty }
    }

    private static func moved(
        _ costs: [Timestamp: Int64], _ range: WholeSecondRange
    ) -> [Timestamp: Int64] {
        Dictionary(
            costs.compactMap { time, cost in range.step(for: time).map { ($0, cost) } },
            uniquingKeysWith: { first, _ in first })
    }

    private func shaped(_ trailer: ResponseScanner.Trailer) -> ResponseScanner.Trailer {
        var trailer = trailer
        switch shape {
        case .asAnswered: break
        case .vector: trailer.resultType = "vector"
        // By step only where steps were wanted; what it cost, it cost.
        case .thinned(let grid):
            let isWanted = { (time: Timestamp) in (time - grid.start) % grid.step == 0 }
            var statistics = trailer.statistics
            let (total, read) = (statistics?.totalPerStep, statistics?.readPerStep)
            statistics?.totalPerStep = total?.filter { isWanted($0.key) }
            statistics?.readPerStep = read?.filter { isWanted($0.key) }
            trailer.statistics = statistics
        case .moved(let range):
            if let info = range.info { trailer.infos.append(info) }
            trailer.statistics = trailer.statistics.map { told in
                var statistics = told
                statistics.totalPerStep = told.totalPerStep.map { Self.moved($0, range) }
                statistics.readPerStep = told.readPerStep.map { Self.moved($0, range) }
                return statistics
            }
        }
        return trailer
    }
}

/// The elements of a list as they arrive. An actor, so that inflating and scanning run on the pool.
/// Not reading makes the member wait; dropping the stream ends the transfer.
actor ListStream {
    private let call: UpstreamCall
    private let body: UpstreamBody
    private var scanner: DataListScanner
    private var lent = 0
    private var isEnded = false

    init(_ answer: sending UpstreamClient.Answer, scanner: sending DataListScanner) {
        call = answer.call
        body = answer.body
        self.scanner = scanner
    }

    /// Some elements, maybe none; nil at the end of a whole answer.
    func next() async throws(UpstreamError) -> ElementList? {
        try await read() ? scanner.takeElements() : nil
    }

    /// The rest of the list, sorted, or of one that is too long as much as shows that.
    func collect(_ selection: SeriesSelection) async throws(UpstreamError) -> UpstreamList {
        while scanner.count <= selection.maximum, !isCut(selection), try await read() {}
        var list = list(of: scanner.takeElements())
        list.isCut = isCut(selection)
        return list
    }

    /// Whether the list goes on behind what is wanted of it.
    private func isCut(_ selection: SeriesSelection) -> Bool {
        guard selection.cutsAtLimit, let limit = selection.limit, limit > 0 else { return false }
        return scanner.isOrdered && scanner.different > limit
    }

    /// Elements with what stood beside them in the answer.
    func list(of elements: ElementList) -> UpstreamList {
        UpstreamList(
            elements: elements, warnings: scanner.warnings, infos: scanner.infos,
            partiality: Partiality.cause(isPartial: scanner.isPartial, warnings: scanner.warnings))
    }

    /// Reads on; false at the end of a whole answer.
    private func read() async throws(UpstreamError) -> Bool {
        do throws(UpstreamError.Kind) {
            return try await readChunk()
        } catch {
            throw call.failed(error)
        }
    }

    private func readChunk() async throws(UpstreamError.Kind) -> Bool {
        if isEnded { return false }
        let bytes = try await body.next()
        do throws(ScanError) {
            if let bytes {
                try scanner.append(bytes)
            } else {
                try scanner.finish()
                isEnded = true
                call.succeeded(body)
            }
        } catch {
            throw UpstreamError.Kind(error)
        }
        let held = scanner.heldBytes
        if held > lent {
            try await Lending.hold(held - lent)
            lent = held
        }
        return true
    }
}

/// A list that was read wholly, or as far as it is wanted.
public struct UpstreamList: Sendable {
    public var elements: ElementList
    public var warnings: [String]
    public var infos: [String]
    /// Why elements are missing, as the answer says itself; nil of a whole one.
    public var partiality: String?
    /// Whether it was left off behind what is wanted of it.
    public var isCut = false
}
