import GoText
import HTTPTransport
public import PrometheusWire
public import TimeSeries
import UpstreamSettings

/// What goes with a query besides its text and times.
public struct QueryOptions: Sendable {
    /// Nil leaves it to the member.
    public var lookbackDelta: Milliseconds?
    /// When the answer is of no more use. The member is told how much time is left, and the
    /// transfer ends with it.
    public var deadline: ContinuousClock.Instant?
    /// Whether an answer that lacks data is a failure: `UpstreamError.Kind.partial`. Members that
    /// know how are told so.
    public var refusesParts: Bool
    /// Added to every label set on the way.
    public var injection: LabelInjection?
    /// What an instant query must be answered with; an answer of another type is malformed. Ranges
    /// are always answered with a matrix.
    public var resultType: ResponseScanner.ResultType
    /// Further parameters.
    public var extra: Parameters
    /// Whether it only finds out whether the member is there.
    var isProbe = false
    /// Whose question it is, and where its answer is read; nil for none of a client.
    public var work: QueryWork?

    public init(
        lookbackDelta: Milliseconds? = nil, deadline: ContinuousClock.Instant? = nil,
        injection: LabelInjection? = nil, refusesParts: Bool = false,
        resultType: ResponseScanner.ResultType = .vector, extra: Parameters = Parameters()
    ) {
        self.lookbackDelta = lookbackDelta
        self.deadline = deadline
        self.injection = injection
        self.resultType = resultType
        self.refusesParts = refusesParts
        self.extra = extra
    }
}

extension UpstreamClient {
    /// Evaluates a query at one time. The answer is a vector or, for a range selector, a matrix, as
    /// the options say. Members without instant queries are asked for a range of one step.
    ///
    /// - Returns: once the answer has begun; its end may still fail.
    public func query(
        _ text: String, at time: Timestamp, options: QueryOptions = QueryOptions()
    ) async throws(UpstreamError) -> SeriesStream {
        try await answer(of: .instantQuery) { mayBeMissing async throws(UpstreamError) in
            var parameters = Parameters()
            parameters.add("query", text)
            parameters.add("time", time: time)
            return try await stream(
                QueryTransfer(
                    path: "/api/v1/query", parameters: parameters, options: options,
                    expected: options.resultType, grid: .instant(time),
                    mayBeMissing: mayBeMissing))
        } emulated: { () async throws(UpstreamError) in
            try await rangeOfOneStep(text, at: time, options: options)
        }
    }

    private func rangeOfOneStep(
        _ text: String, at time: Timestamp, options: QueryOptions
    ) async throws(UpstreamError) -> SeriesStream {
        var parameters = Parameters()
        parameters.add("query", text)
        parameters.add("start", time: time)
        parameters.add("end", time: time)
        let grid: StepGrid?
        let step: Milliseconds
        switch configuration.source {
        case .prometheus, .telemetry:
            // No server moves a multiple of the step.
            step = time.milliseconds % 1000 == 0 ? 1000 : 1
            grid = StepGrid(start: time, end: time, step: step)
        // Whole seconds: remotes read no others, and move the time to theirs.
        case .remoteCoroot(let remote):
            step = Milliseconds(max(1, remote.metricResolution.wholeMilliseconds / 1000) * 1000)
            grid = nil
        }
        parameters.add("step", duration: step)
        do throws(UpstreamError) {
            return try await stream(
                QueryTransfer(
                    path: "/api/v1/query_range", parameters: parameters, options: options,
                    grid: grid, shape: .vector(at: time)))
        } catch {
            // What has no value at a step, such as a range of samples, cannot be asked so.
            guard case .rejectedQuery(let status, let type, let words) = error.kind,
                Refusal.isAboutTheTypeForRanges(words)
            else { throw error }
            var named = error
            named.kind = .rejectedQuery(
                status: status, errorType: type,
                text: "\(words) (it has no instant queries; a range of one step was asked)")
            throw named
        }
    }

    /// Sends a query. What a member turns out to be by the first answer may change how it is asked;
    /// it is asked again then.
    func stream(
        _ transfer: QueryTransfer, instead: SeriesStream.Instead? = nil
    ) async throws(UpstreamError) -> SeriesStream {
        var isVictoriaMetrics = transfer.isUncached || state.withLock { $0.isVictoriaMetrics }
        while true {
            let request = transfer.request(toVictoriaMetrics: isVictoriaMetrics)
            let answer = try await open(request, deadline: transfer.options.deadline)
            if !isVictoriaMetrics, answer.body.isOfVictoriaMetrics {
                state.withLock { $0.isVictoriaMetrics = true }
                answer.call.succeeded(answer.body)
                isVictoriaMetrics = true
                continue
            }
            let scanner = ResponseScanner(
                injecting: shown(by: transfer), on: transfer.grid,
                expecting: transfer.expected, limits: configuration.scan)
            return SeriesStream(
                answer, scanner: scanner, shape: transfer.shape,
                refusesParts: transfer.options.refusesParts, instead: instead)
        }
    }
}

/// A query on its way to a member.
struct QueryTransfer: Sendable {
    var path: String
    var parameters: Parameters
    var options: QueryOptions
    /// What the answer must be.
    var expected = ResponseScanner.ResultType.matrix
    /// Where samples may stand; nil for anywhere.
    var grid: StepGrid?
    var shape = SeriesStream.Shape.asAnswered
    var mayBeMissing = false
    /// Whether the member is told to leave its cache alone, whatever it is.
    var isUncached = false

    func request(toVictoriaMetrics isVictoriaMetrics: Bool) -> UpstreamRequest {
        var parameters = parameters
        parameters.add("lookback_delta", duration: options.lookbackDelta)
        if options.refusesParts { parameters.add("partial_response", "false") }
        for (name, value) in options.extra.pairs { parameters.add(name, value) }
        if isVictoriaMetrics {
            let own = VictoriaMetrics.parameters(
                isAligned: grid?.isAligned ?? false, refusesParts: options.refusesParts)
            for (name, value) in own { parameters.add(name, value) }
        }
        return UpstreamRequest(
            path: path, parameters: parameters, sendsTimeout: true,
            isForPresence: options.isProbe, mayBeMissing: mayBeMissing,
            question: options.isProbe ? nil : MemberQuestion(cost: cost, options.work))
    }

    private var cost: Int {
        options.resultType == .matrix ? MemberQuestion.ofStoredSamples : grid?.count ?? 1
    }
}

/// Turns a matrix of one step into a vector: what a member that knows only `query_range` answers
/// in place of an instant query. Times become the one that was asked for.
enum InstantPages {
    static func vector(_ page: SeriesPage, at time: Timestamp) throws(ScanError) -> SeriesPage {
        var out = SeriesPage()
        out.keys = page.keys
        var stamp: [UInt8] = []
        TimestampText.appendSample(time, to: &stamp)
        for extent in page.series {
            let start = out.bytes.count
            out.bytes += page.bytes[extent.element.lowerBound..<extent.samples.lowerBound]
            let samples = out.bytes.count
            let text = page.bytes[extent.samples]
            if text.starts(with: values) {
                out.bytes += value
                try append(text.dropFirst(values.count), stamp, to: &out.bytes)
            } else if text.starts(with: histograms) {
                out.bytes += histogram
                try append(text.dropFirst(histograms.count), stamp, to: &out.bytes)
            } else {
                throw .malformed("a series without samples")
            }
            let end = out.bytes.count
            out.bytes += page.bytes[extent.samples.upperBound..<extent.element.upperBound]
            var moved = extent
            moved.element = start..<out.bytes.count
            moved.samples = samples..<end
            out.series.append(moved)
            out.bytes.append(UInt8(ascii: ","))
        }
        return out
    }

    private static let values = Array("\"values\":[".utf8)
    private static let value = Array("\"value\":".utf8)
    private static let histograms = Array("\"histograms\":[".utf8)
    private static let histogram = Array("\"histogram\":".utf8)

    /// The only sample of the list that `text` is the rest of, with another time, and the brace
    /// behind it.
    private static func append(
        _ text: ArraySlice<UInt8>, _ stamp: [UInt8], to out: inout [UInt8]
    ) throws(ScanError) {
        // The scanner's spelling: no white space, and no brackets inside strings.
        var depth = 0
        var end: Int?
        for (index, byte) in zip(text.indices, text) {
            switch byte {
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { end = index + 1 }
            default: break
            }
            if end != nil { break }
        }
        guard let end, let comma = text.firstIndex(of: UInt8(ascii: ",")), comma < end,
            text[end...].elementsEqual([UInt8(ascii: "]"), UInt8(ascii: "}")])
        else { throw .malformed("a step other than the one that was asked for") }
        out.append(UInt8(ascii: "["))
        out += stamp
        out += text[comma..<end]
        out.append(UInt8(ascii: "}"))
    }
}
