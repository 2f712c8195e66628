import Federation
import PromQL
import PrometheusWire
import TimeSeries
import Upstream

/// Answers fragments: a member over the network, or a fake in tests.
protocol FragmentSource: Sendable {
    /// Begins to ask one fragment.
    ///
    /// - Throws: `FragmentFailure`, at once or while pages are read.
    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream
    /// Whether native histograms can have custom buckets there, or only exponential ones. Every kind
    /// of source answers for itself: a default would be wrong for one that passes questions on.
    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool
    /// Whether remote read is worth asking for.
    var mayServeRemoteRead: Bool { get }
    /// What is stored, by remote read, as `RemoteSampleDecoder` takes it.
    ///
    /// - Throws: `noRemoteRead` where that is not served.
    func stored(_ question: StoredQuestion) async throws(FragmentFailure) -> StoredAnswer
}

extension FragmentSource {
    var mayServeRemoteRead: Bool { false }
    func stored(_ question: StoredQuestion) async throws(FragmentFailure) -> StoredAnswer {
        throw .noRemoteRead
    }
}

/// One request of remote read.
struct StoredQuestion: Sendable {
    var selection: StoredSelection
    var deadline: ContinuousClock.Instant
    var injection: LabelInjection
}

/// What a member gave to remote read.
struct StoredAnswer: Sendable {
    var pages: [SeriesPage]
    /// Asks the member that gave it for the custom bounds that its histograms lack; nil where those are not
    /// to be had.
    var bounds: @Sendable () async throws(FragmentFailure) -> StoredBounds?
}

/// One request for one fragment.
struct FragmentQuestion: Sendable {
    /// PromQL.
    var text: String
    /// One step is asked as an instant query, more as a range query.
    var grid: StepGrid
    /// Milliseconds.
    var lookback: Int64
    var deadline: ContinuousClock.Instant
    var injection: LabelInjection
    /// Whether an answer that lacks data must be an error (`FragmentFailure.partial`): some members
    /// answer without the stores that they cannot reach.
    var refusesParts = false
    /// Whether the member is to tell what the fragment costs it.
    var statistics: StatisticsDetail?
}

/// The answer to a fragment as it arrives.
protocol FragmentStream: Sendable {
    /// The next page, nil behind the last.
    func next() async throws(FragmentFailure) -> SeriesPage?
    /// What the answer says besides its series; asked once `next` gave nil.
    func trailer() async -> ResponseScanner.Trailer
}

/// Why a member has no part in an answer.
enum FragmentFailure: Error, Sendable {
    /// The member judged the text: 400 or 422. The query fails with the member's words.
    case rejected(APIError)
    /// The member judged the cost: a limit of its own was met. Its words.
    case exceeded(APIError)
    /// The member is this gateway, or leads back to it.
    case loop(String)
    /// The member did not answer in time.
    case timeout(String)
    /// The member could not be reached, or its answer not be used.
    case unavailable(String)
    /// A limit of the gateway's own was met.
    case limit(String)
    /// What the member says could be two things, and the query needs to know which.
    case undecidable(String)
    /// The query had no place to compute or no memory for the answer in time.
    case noTurn
    /// The member's answer lacks data, and only a whole one will do.
    case partial(String)
    /// The member does not serve remote read.
    case noRemoteRead
    /// The query ended, so that the answer has no reader.
    case cancelled

    /// The cause, without the member's name.
    var text: String {
        switch self {
        case .rejected(let error), .exceeded(let error): error.message
        case .loop(let text), .timeout(let text), .unavailable(let text), .limit(let text),
            .undecidable(let text), .partial(let text):
            text
        case .noTurn: "query timed out in query queue"
        case .noRemoteRead: "the member does not serve remote read"
        case .cancelled: "context canceled"
        }
    }
}

/// A member asked over the network.
struct MemberFragmentSource: FragmentSource {
    let client: UpstreamClient

    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream {
        do throws(UpstreamError) {
            return MemberFragmentStream(try await client.stream(question))
        } catch {
            throw FragmentFailure(error)
        }
    }

    var mayServeRemoteRead: Bool { client.mayServeRemoteRead }

    func stored(_ question: StoredQuestion) async throws(FragmentFailure) -> StoredAnswer {
        let answer: StoredAnswer?
        do throws(UpstreamError) {
            answer = try await client.stored(question)
        } catch {
            throw FragmentFailure(remoteRead: error)
        }
        guard let answer else { throw .noRemoteRead }
        return answer
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool {
        await client.capabilities(deadline: deadline).hasCustomBuckets
    }
}

extension UpstreamClient {
    /// What is stored; nil where remote read is not served.
    func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer? {
        let query = RemoteReadRequest.Query(
            start: question.selection.from, end: question.selection.through,
            matchers: question.selection.matchers.map(RemoteReadRequest.Matcher.init))
        let pages = try await storedSeries(
            query, injecting: question.injection, deadline: question.deadline)
        return pages.map { pages in
            StoredAnswer(pages: pages) { () async throws(FragmentFailure) in
                do throws(UpstreamError) {
                    return try await self.storedBounds(
                        query, injecting: question.injection, deadline: question.deadline)
                } catch {
                    throw FragmentFailure(remoteRead: error)
                }
            }
        }
    }

    /// Begins to ask one fragment.
    func stream(_ question: FragmentQuestion) async throws(UpstreamError) -> SeriesStream {
        var options = QueryOptions(
            lookbackDelta: question.lookback, deadline: question.deadline,
            injection: question.injection, refusesParts: question.refusesParts)
        if let detail = question.statistics { options.extra.add("stats", detail.rawValue) }
        let grid = question.grid
        if grid.isInstant {
            return try await query(question.text, at: grid.start, options: options)
        }
        return try await queryRange(
            question.text, start: grid.start, end: grid.end, step: grid.step, options: options)
    }
}

private struct MemberFragmentStream: FragmentStream {
    let stream: SeriesStream

    init(_ stream: SeriesStream) { self.stream = stream }

    func next() async throws(FragmentFailure) -> SeriesPage? {
        do throws(UpstreamError) {
            return try await stream.next()
        } catch {
            throw FragmentFailure(error)
        }
    }

    func trailer() async -> ResponseScanner.Trailer {
        await stream.trailer ?? ResponseScanner.Trailer()
    }
}

extension FragmentFailure {
    /// What remote read refuses is too much for it: the question itself is the gateway's own.
    init(remoteRead failure: UpstreamError) {
        if case .rejectedQuery(_, _, let text) = failure.kind {
            self = .exceeded(APIError(.execution, "remote read: \(text)"))
        } else {
            self.init(failure)
        }
    }

    init(_ failure: UpstreamError) {
        switch failure.kind {
        case .rejectedQuery(let status, let errorType, let text):
            self = .rejected(Self.error(status, errorType, text))
        case .exceeded(let status, let errorType, let text):
            self = .exceeded(Self.error(status, errorType, text))
        case .loop: self = .loop(failure.cause)
        case .timeout, .connectTimeout, .laneTimeout: self = .timeout(failure.cause)
        case .limit: self = .limit(failure.cause)
        case .partial: self = .partial(failure.cause)
        case .cancelled: self = .cancelled
        case .connect, .tls, .broken, .http, .notPrometheus, .malformed, .ownGrid, .unavailable:
            self = .unavailable(failure.cause)
        }
    }

    private static func error(_ status: Int, _ errorType: String, _ text: String) -> APIError {
        APIError(
            APIError.Kind(rawValue: errorType) ?? (status == 400 ? .badData : .execution), text)
    }
}
