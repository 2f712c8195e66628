import Federation
import Members
import PromQL
import PrometheusAPI
import TimeSeries

/// A member asked over the network.
struct MemberFragmentSource: FragmentSource {
    let client: MemberClient

    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream {
        do throws(MemberFailure) {
            return MemberFragmentStream(try await client.stream(question))
        } catch {
            throw FragmentFailure(error)
        }
    }

    var mayServeRemoteRead: Bool { client.mayServeRemoteRead }

    func stored(_ question: StoredQuestion) async throws(FragmentFailure) -> StoredAnswer {
        let answer: StoredAnswer?
        do throws(MemberFailure) {
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

extension MemberClient {
    /// What is stored; nil where remote read is not served.
    func stored(_ question: StoredQuestion) async throws(MemberFailure) -> StoredAnswer? {
        let query = RemoteReadRequest.Query(
            start: question.selection.from, end: question.selection.through,
            matchers: question.selection.matchers.map(RemoteReadRequest.Matcher.init))
        let pages = try await storedSeries(
            query, injecting: question.injection, deadline: question.deadline)
        return pages.map { pages in
            StoredAnswer(pages: pages) { () async throws(FragmentFailure) in
                do throws(MemberFailure) {
                    return try await self.storedBounds(
                        query, injecting: question.injection, deadline: question.deadline)
                } catch {
                    throw FragmentFailure(remoteRead: error)
                }
            }
        }
    }

    /// Begins to ask one fragment.
    func stream(_ question: FragmentQuestion) async throws(MemberFailure) -> SeriesStream {
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
        do throws(MemberFailure) {
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
    init(remoteRead failure: MemberFailure) {
        if case .rejectedQuery(_, _, let text) = failure.kind {
            self = .exceeded(APIError(.execution, "remote read: \(text)"))
        } else {
            self.init(failure)
        }
    }

    init(_ failure: MemberFailure) {
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
