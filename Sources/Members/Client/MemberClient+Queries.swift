public import PrometheusAPI

/// What goes with a query besides its text and times.
public struct QueryOptions: Sendable {
    /// Milliseconds; nil leaves it to the member.
    public var lookbackDelta: Int64?
    /// When the answer is of no more use. The member is told how much time is left, and the
    /// transfer ends with it.
    public var deadline: ContinuousClock.Instant?
    /// Added to every label set on the way.
    public var injection: LabelInjection?
    /// Further parameters.
    public var extra: Parameters

    public init(
        lookbackDelta: Int64? = nil, deadline: ContinuousClock.Instant? = nil,
        injection: LabelInjection? = nil, extra: Parameters = Parameters()
    ) {
        self.lookbackDelta = lookbackDelta
        self.deadline = deadline
        self.injection = injection
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
                "/api/v1/query", parameters, options, .asAnswered, mayBeMissing: mayBeMissing)
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
        let resolution =
            switch configuration.kind {
            case .prometheus: Int64(0)
            case .remoteCoroot(let resolution): resolution
            }
        // Whole seconds: some remotes read no others.
        parameters.add("step", duration: max(1, resolution / 1000) * 1000)
        do throws(MemberFailure) {
            return try await stream("/api/v1/query_range", parameters, options, .vector(at: time))
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

    /// Evaluates a query at every step. Milliseconds all; both ends belong to the range.
    ///
    /// - Returns: once the answer has begun; its end may still fail.
    public func queryRange(
        _ text: String, start: Int64, end: Int64, step: Int64,
        options: QueryOptions = QueryOptions()
    ) async throws(MemberFailure) -> SeriesStream {
        var parameters = Parameters()
        parameters.add("query", text)
        parameters.add("start", time: start)
        parameters.add("end", time: end)
        parameters.add("step", duration: step)
        return try await stream("/api/v1/query_range", parameters, options, .asAnswered)
    }

    private func stream(
        _ path: String, _ parameters: Parameters, _ options: QueryOptions,
        _ shape: SeriesStream.Shape, mayBeMissing: Bool = false
    ) async throws(MemberFailure) -> SeriesStream {
        var parameters = parameters
        parameters.add("lookback_delta", duration: options.lookbackDelta)
        for (name, value) in options.extra.pairs { parameters.add(name, value) }
        let request = MemberRequest(
            path: path, parameters: parameters, sendsTimeout: true, mayBeMissing: mayBeMissing)
        let answer = try await open(request, deadline: options.deadline)
        let scanner = ResponseScanner(injecting: options.injection, limits: configuration.scan)
        return SeriesStream(answer, scanner: scanner, shape: shape)
    }
}
