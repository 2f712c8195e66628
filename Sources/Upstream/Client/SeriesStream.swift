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
