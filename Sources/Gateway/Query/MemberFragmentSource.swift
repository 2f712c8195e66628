import Members
import PrometheusAPI
import TimeSeries

/// A member asked over the network.
struct MemberFragmentSource: FragmentSource {
    let client: MemberClient

    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream {
        let options = QueryOptions(
            lookbackDelta: question.lookback, deadline: question.deadline,
            injection: question.injection)
        do throws(MemberFailure) {
            let grid = question.grid
            if grid.isInstant {
                return MemberFragmentStream(
                    try await client.query(question.text, at: grid.start, options: options))
            }
            return MemberFragmentStream(
                try await client.queryRange(
                    question.text, start: grid.start, end: grid.end, step: grid.step,
                    options: options))
        } catch {
            throw FragmentFailure(error)
        }
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
    init(_ failure: MemberFailure) {
        switch failure.kind {
        case .rejectedQuery(let status, let errorType, let text):
            self = .rejected(
                APIError(
                    APIError.Kind(rawValue: errorType) ?? (status == 400 ? .badData : .execution),
                    text))
        case .timeout, .connectTimeout: self = .timeout(failure.cause)
        case .limit: self = .limit(failure.cause)
        case .cancelled: self = .cancelled
        case .connect, .tls, .broken, .http, .notPrometheus, .malformed, .unavailable:
            self = .unavailable(failure.cause)
        }
    }
}
