import PrometheusWire
import Upstream

/// The fragments of a pooled member, answered by any one of the pool's clusters.
///
/// A cluster has answered once its first page is here. What breaks off after that is not begun
/// again elsewhere, as some of it may have reached the client.
struct PoolFragmentSource: FragmentSource {
    let pool: PoolClient

    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream {
        do throws(UpstreamError) {
            return try await pool.ask(by: question.deadline) { client throws(UpstreamError) in
                let stream = try await client.stream(question)
                return BegunStream(first: try await stream.next(), rest: stream)
            }
        } catch {
            throw FragmentFailure(error)
        }
    }

    /// Any cluster may be the one that answers.
    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for alternative in pool.alternatives {
                group.addTask {
                    await alternative.client.capabilities(deadline: deadline).hasCustomBuckets
                }
            }
            for await has in group where has { return true }
            return pool.alternatives.isEmpty
        }
    }

    var mayServeRemoteRead: Bool {
        pool.alternatives.contains { $0.client.mayServeRemoteRead }
    }

    func stored(_ question: StoredQuestion) async throws(FragmentFailure) -> StoredAnswer {
        let answer: StoredAnswer?
        do throws(UpstreamError) {
            answer = try await pool.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.stored(question)
            }
        } catch {
            throw FragmentFailure(remoteRead: error)
        }
        guard let answer else { throw .noRemoteRead }
        return answer
    }
}

/// A stream whose first page was read already.
private actor BegunStream: FragmentStream {
    private var first: SeriesPage?
    private let isEmpty: Bool
    private let rest: SeriesStream

    init(first: SeriesPage?, rest: SeriesStream) {
        self.first = first
        isEmpty = first == nil
        self.rest = rest
    }

    func next() async throws(FragmentFailure) -> SeriesPage? {
        if let page = first {
            first = nil
            return page
        }
        if isEmpty { return nil }
        do throws(UpstreamError) {
            return try await rest.next()
        } catch {
            throw FragmentFailure(error)
        }
    }

    func trailer() async -> ResponseScanner.Trailer {
        await rest.trailer ?? ResponseScanner.Trailer()
    }
}
