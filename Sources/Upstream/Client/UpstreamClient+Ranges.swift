import GoText
import HTTPTransport
import PrometheusWire
import TimeSeries
import UpstreamSettings

extension UpstreamClient {
    /// Evaluates a query at every step. Both ends belong to the range.
    ///
    /// The samples of the answer stand at these steps and nowhere else. Some servers move a range
    /// to multiples of its step; what they are asked in its place is found out by asking, and kept
    /// for five minutes.
    ///
    /// - Returns: once the answer has begun; its end may still fail.
    public func queryRange(
        _ text: String, start: Timestamp, end: Timestamp, step: Milliseconds,
        options: QueryOptions = QueryOptions()
    ) async throws(UpstreamError) -> SeriesStream {
        let range = RangeQuestion(
            text: text, grid: StepGrid(start: start, end: end, step: step), options: options)
        if isCoroot { return try await stream(range.transferToCoroot) }
        if range.grid.isAligned { return try await stream(range.transfer) }
        switch configuration.support(of: .stepGrid) {
        case .native: return try await stream(range.transfer)
        case .emulated: return try await stepwise(range)
        case .auto: break
        }
        let now = MonotonicInstant.now
        let isMissing = state.withLock { $0.missingUntil[.stepGrid].map { now < $0 } ?? false }
        if isMissing { return try await stepwise(range) }
        return try await stream(range.transfer) { () async throws(UpstreamError) in
            try await self.askedAgain(range)
        }
    }

    /// The range, asked of a member that answered at other steps: first so that it leaves its cache
    /// alone, which is why some move ranges, then in a way that leaves it nothing to move.
    private func askedAgain(
        _ range: RangeQuestion
    ) async throws(UpstreamError) -> SeriesStream {
        if !state.withLock({ $0.isVictoriaMetrics }) {
            var transfer = range.transfer
            transfer.isUncached = true
            do throws(UpstreamError) {
                let stream = try await stream(transfer)
                try await stream.begin()
                state.withLock { $0.isVictoriaMetrics = true }
                return stream
            } catch {
                guard case .ownGrid = error.kind else { throw error }
            }
        }
        noteMissing(.stepGrid)
        return try await stepwise(range)
    }

    /// The range by questions whose times are multiples of their step: instants, or a range of
    /// finer steps. What a query says at a time does not depend on the range that the time is in.
    private func stepwise(_ range: RangeQuestion) async throws(UpstreamError) -> SeriesStream {
        switch StepwiseQuestions(for: range.grid) {
        case .finer(let grid)?:
            var finer = range
            finer.grid = grid
            var transfer = finer.transfer
            transfer.shape = .thinned(to: range.grid)
            return try await stream(transfer)
        case .instants?: return try await instants(range)
        case nil:
            let moved =
                range.grid.start
                - (range.grid.start - .epoch) % range.grid.step
            throw UpstreamError(
                member: configuration.name,
                kind: .ownGrid(ScanError.offGrid(moved, range.grid).description))
        }
    }

    /// Instants asked at once.
    private static let instantsAtOnce = 8

    private struct Instant: Sendable {
        var pages: [SeriesPage] = []
        var bytes = 0
        var trailer = ResponseScanner.Trailer()
    }

    private var tooLarge: UpstreamError {
        UpstreamError(
            member: configuration.name,
            kind: .oversized(
                "the answer is larger than \(configuration.limits.documentBytes) bytes"))
    }

    private func instants(_ range: RangeQuestion) async throws(UpstreamError) -> SeriesStream {
        let count = range.grid.count
        var columns = SteppedPages(maximumBytes: configuration.limits.documentBytes)
        var failure: UpstreamError?
        var bytes = 0
        let replies = await FanOut(width: Self.instantsAtOnce).replies(
            to: Array(0..<count),
            until: { (reply: FanOut.Reply<Instant>) in
                switch reply.outcome {
                case .failure(let error): failure = error
                case .success(let instant):
                    bytes += instant.bytes
                    if bytes > configuration.limits.documentBytes { failure = tooLarge }
                }
                return failure != nil
            }
        ) { step throws(UpstreamError) in try await self.instant(range, step) }
        if let failure { throw failure }
        do throws(ScanError) {
            for case .success(let one) in replies.map(\.outcome) {
                try columns.add(one.pages, one.trailer)
            }
        } catch {
            throw UpstreamError(
                member: configuration.name, kind: UpstreamError.Kind(error), attempts: count)
        }
        return SeriesStream(columns.pages(ofBytes: configuration.scan.page), columns.trailer)
    }

    private func instant(
        _ range: RangeQuestion, _ step: Int
    ) async throws(UpstreamError) -> Instant {
        var one = Instant()
        let stream = try await query(
            range.text, at: range.grid.time(at: step), options: range.options)
        while let page = try await stream.next() {
            do throws(UpstreamError.Kind) {
                try await Lending.hold(2 * page.bytes.count)
            } catch {
                throw UpstreamError(member: configuration.name, kind: error)
            }
            one.pages.append(page)
            one.bytes += page.bytes.count
            guard one.bytes <= configuration.limits.documentBytes else { throw tooLarge }
        }
        one.trailer = await stream.trailer ?? ResponseScanner.Trailer()
        return one
    }
}

/// A query at the steps of a range.
private struct RangeQuestion: Sendable {
    var text: String
    var grid: StepGrid
    var options: QueryOptions

    var transferToCoroot: QueryTransfer {
        guard let whole = WholeSecondRange(for: grid) else { return transfer }
        var moved = self
        moved.grid = whole.sent
        var transfer = moved.transfer
        transfer.shape = .moved(whole)
        return transfer
    }

    var transfer: QueryTransfer {
        var parameters = Parameters()
        parameters.add("query", text)
        parameters.add("start", time: grid.start)
        parameters.add("end", time: grid.end)
        parameters.add("step", duration: grid.step)
        return QueryTransfer(
            path: "/api/v1/query_range", parameters: parameters, options: options, grid: grid)
    }
}

extension StepGrid {
    /// Whether its steps are multiples of their distance: then servers that round ranges have
    /// nothing to move. An instant is nothing that they move.
    var isAligned: Bool { step > 0 && start.milliseconds % step.count == 0 }
}

/// What is asked instead of a range at a member that moves ranges to multiples of their step.
enum StepwiseQuestions: Equatable {
    /// An instant query for every step.
    case instants
    /// A range whose finer steps include those that are wanted, and are multiples of their distance.
    case finer(StepGrid)

    /// Steps that may be asked one by one.
    static let mostInstants = 64
    /// Steps of one range, which is what Prometheus and its like answer at most.
    static let mostSteps = 11_000

    /// nil where a range would take too many of either.
    init?(for grid: StepGrid) {
        if grid.count <= Self.mostInstants {
            self = .instants
            return
        }
        let step = Milliseconds(
            Self.commonDivisor(grid.start.milliseconds, grid.step.count))
        let (steps, overflows) = (grid.count - 1).multipliedReportingOverflow(
            by: Int(grid.step / step))
        guard !overflows, steps < Self.mostSteps else { return nil }
        self = .finer(
            StepGrid(start: grid.start, end: grid.time(at: grid.count - 1), step: step))
    }

    private static func commonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
        var (a, b) = (a.magnitude, b.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        return Int64(clamping: a)
    }
}

extension UpstreamClient {
    /// Parts of a range over HTTP/2, where they share a connection and are most likely answered by
    /// several servers.
    private static let sharedParts = 4

    /// Parts that the member is best asked for at once of a long range that it evaluates as
    /// Prometheus does; 1 where it is asked for the whole. Without a setting these are half of the
    /// member's processors, at most four: the others are for other queries. It is asked for their
    /// number in the background, the first time that this is called.
    public var rangeParts: Int {
        guard case .prometheus(let source) = configuration.source, evaluatesAsPrometheus else {
            return 1
        }
        if let parts = source.rangeParts { return parts }
        let (processors, mustAsk) = state.withLock { state in
            let known = state.processors
            state.processors = known ?? 0
            return (known ?? 0, known == nil)
        }
        let version = common.link.withLock { $0.health.httpVersion }
        if mustAsk { Task { await self.learnProcessors() } }
        if version == "HTTP/2" { return Self.sharedParts }
        return max(1, min(Self.sharedParts, processors / 2))
    }

    private func learnProcessors() async {
        let path = "/api/v1/status/runtimeinfo"
        let request = UpstreamRequest(path: path, method: .get, isAdvisory: true, isAside: true)
        var found: Int? = 0
        do throws(UpstreamError) {
            let data = try await document(request, deadline: .now.advanced(by: .seconds(5))).data
            var cursor = JSONCursor(data)
            try? cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                guard key == "GOMAXPROCS" else { return try cursor.skip() }
                found = Int(String(decoding: data[try cursor.number()], as: UTF8.self)) ?? 0
            }
        } catch {
            // A member that gave no answer is asked again; one that refuses does not know it.
            switch error.kind {
            case .http(let status, _) where status < 500: break
            case .notPrometheus, .rejectedQuery, .exceeded, .malformed, .oversized: break
            default: found = nil
            }
        }
        state.withLock { [found] in $0.processors = found }
    }
}
