public import PrometheusAPI
import TimeSeries

/// What goes with a query besides its text and times.
public struct QueryOptions: Sendable {
    /// Milliseconds; nil leaves it to the member.
    public var lookbackDelta: Int64?
    /// When the answer is of no more use. The member is told how much time is left, and the
    /// transfer ends with it.
    public var deadline: ContinuousClock.Instant?
    /// Whether an answer that lacks data is a failure: `MemberFailure.Kind.partial`. Members that
    /// know how are told so.
    public var refusesParts: Bool
    /// Added to every label set on the way.
    public var injection: LabelInjection?
    /// Further parameters.
    public var extra: Parameters

    public init(
        lookbackDelta: Int64? = nil, deadline: ContinuousClock.Instant? = nil,
        injection: LabelInjection? = nil, refusesParts: Bool = false,
        extra: Parameters = Parameters()
    ) {
        self.lookbackDelta = lookbackDelta
        self.deadline = deadline
        self.injection = injection
        self.refusesParts = refusesParts
        self.extra = extra
    }
}

extension MemberClient {
    /// Evaluates a query at one time, in milliseconds since the epoch. The answer is a vector, a
    /// scalar, a string or, for a range selector, a matrix. Members without instant queries are
    /// asked for a range of one step.
    ///
    /// - Returns: once the answer has begun; its end may still fail.
    public func query(
        _ text: String, at time: Int64, options: QueryOptions = QueryOptions()
    ) async throws(MemberFailure) -> SeriesStream {
        try await answer(of: .instantQuery) { mayBeMissing async throws(MemberFailure) in
            var parameters = Parameters()
            parameters.add("query", text)
            parameters.add("time", time: time)
            return try await stream(
                QueryTransfer(
                    path: "/api/v1/query", parameters: parameters, options: options,
                    grid: .instant(time), mayBeMissing: mayBeMissing))
        } emulated: { () async throws(MemberFailure) in
            try await rangeOfOneStep(text, at: time, options: options)
        }
    }

    private func rangeOfOneStep(
        _ text: String, at time: Int64, options: QueryOptions
    ) async throws(MemberFailure) -> SeriesStream {
        var parameters = Parameters()
        parameters.add("query", text)
        parameters.add("start", time: time)
        parameters.add("end", time: time)
        let grid: StepGrid?
        let step: Int64
        switch configuration.kind {
        case .prometheus:
            // No server moves a multiple of the step.
            step = time % 1000 == 0 ? 1000 : 1
            grid = StepGrid(start: time, end: time, step: step)
        // Whole seconds: remotes read no others, and move the time to theirs.
        case .remoteCoroot(let resolution):
            step = max(1, resolution / 1000) * 1000
            grid = nil
        }
        parameters.add("step", duration: step)
        do throws(MemberFailure) {
            return try await stream(
                QueryTransfer(
                    path: "/api/v1/query_range", parameters: parameters, options: options,
                    grid: grid, shape: .vector(at: time)))
        } catch {
            // What has no value at a step, such as a range of samples, cannot be asked so.
            guard case .rejectedQuery(let status, let type, let words) = error.kind,
                words.contains("for range query")
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
    ) async throws(MemberFailure) -> SeriesStream {
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
                injecting: transfer.options.injection, on: transfer.grid,
                limits: configuration.scan)
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
    /// Where samples may stand; nil for anywhere.
    var grid: StepGrid?
    var shape = SeriesStream.Shape.asAnswered
    var mayBeMissing = false
    /// Whether the member is told to leave its cache alone, whatever it is.
    var isUncached = false

    func request(toVictoriaMetrics isVictoriaMetrics: Bool) -> MemberRequest {
        var parameters = parameters
        parameters.add("lookback_delta", duration: options.lookbackDelta)
        if options.refusesParts { parameters.add("partial_response", "false") }
        for (name, value) in options.extra.pairs { parameters.add(name, value) }
        if isVictoriaMetrics {
            let own = VictoriaMetrics.parameters(
                isAligned: grid?.isAligned ?? false, refusesParts: options.refusesParts)
            for (name, value) in own { parameters.add(name, value) }
        }
        return MemberRequest(
            path: path, parameters: parameters, sendsTimeout: true, mayBeMissing: mayBeMissing)
    }
}
