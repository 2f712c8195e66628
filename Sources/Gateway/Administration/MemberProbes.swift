import GoText
import PrometheusWire
import TimeSeries
import Upstream

/// Asks members how they are. An answer holds for some seconds, and a request that wants it meanwhile
/// shares it, so that looking at a list cannot become a load on the members.
actor MemberProbes {
    private static let validity: Duration = .seconds(5)
    private static let patience: Duration = .seconds(3)

    private struct Probe {
        var client: UpstreamClient
        var begun: ContinuousClock.Instant
        var status: Task<MemberStatus, Never>
    }

    private var probes: [ObjectIdentifier: Probe] = [:]

    func status(of client: UpstreamClient) async -> MemberStatus {
        let now = ContinuousClock.now
        // Of members that are no more, nothing is kept.
        probes = probes.filter { now - $0.value.begun < Self.validity }
        let id = ObjectIdentifier(client)
        let task = probes[id]?.status ?? Task { await Self.ask(client) }
        if probes[id] == nil { probes[id] = Probe(client: client, begun: now, status: task) }
        return await task.value(within: nil) ?? .outOfService("the request was given up")
    }

    private static func ask(_ client: UpstreamClient) async -> MemberStatus {
        let now = WallClock.now()
        let deadline = ContinuousClock.now.advanced(by: patience)
        var newest: Timestamp?
        var failure: UpstreamError?
        do throws(UpstreamError) {
            newest = try await newestScrape(client, at: now, deadline)
        } catch {
            failure = error
        }
        let isReachable: Bool
        switch failure?.kind {
        // It judged the question, or answered it in its way, so it is there.
        case nil, .rejectedQuery, .exceeded, .ownGrid, .partial: isReachable = true
        default: isReachable = false
        }
        let version = isReachable ? await client.capabilities().version : nil
        let health = client.health
        var error = health.lastFailure.map {
            MemberStatus.Failed(text: $0.text, time: $0.time)
        }
        if !isReachable, error == nil { error = failure.map { .init(text: $0.kind.text) } }
        return MemberStatus(
            isReachable: isReachable, lastError: error,
            lag: newest.map { max(.zero, now - $0) }, version: version ?? health.version,
            latency: health.latency)
    }

    private static func newestScrape(
        _ client: UpstreamClient, at time: Timestamp, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) -> Timestamp? {
        let stream = try await client.query(
            "max(timestamp(up))", at: time, options: QueryOptions(deadline: deadline))
        var newest: Double?
        while let page = try await stream.next() {
            guard let series = try? PageDecoder().samples(of: page) else { continue }
            newest = series.flatMap(\.values).last ?? newest
        }
        return newest.flatMap {
            Int64(exactly: ($0 * 1000).rounded()).map(Timestamp.init(milliseconds:))
        }
    }
}
