import Federation
import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// How the projects of a generation are.
struct ProjectStatus: Sendable {
    let generation: RuntimeSnapshot
    let probes: MemberProbes
    /// Of the request, for members that they are passed on to.
    let headers: HTTPHeaders

    private func status(of client: UpstreamClient) async -> MemberStatus {
        do throws(APIError) {
            return await probes.status(of: try client.forwarding(headers.values))
        } catch {
            return .outOfService(error.message)
        }
    }

    func status(of project: Project) async -> MemberStatus {
        switch project.kind {
        case .misconfigured(let reason): return .outOfService(reason)
        case .prometheus, .remoteCoroot:
            guard let client = generation.clients.projects[project.name] else {
                return .outOfService("there is no client for it")
            }
            return await status(of: client)
        case .replicas:
            let named = generation.clients.replicas[project.name]?.named ?? []
            let replies = await FanOut(width: named.count).replies(to: named) {
                await status(of: $0.client)
            }
            return .any(
                zip(named, replies).compactMap { one, reply in
                    (try? reply.outcome.get()).map { (name: one.name, status: $0) }
                })
        case .clusterPool(let choice):
            let resolution = PoolResolution(generation.configuration)
            let pool =
                (try? resolution.pool(for: choice, .init(project: project.name)))?.pool
            guard let pool else {
                return .outOfService("no cluster pool is set, and none is the default")
            }
            let clusters = await statuses(ofClustersIn: pool)
            guard !clusters.isEmpty else {
                return .outOfService("cluster pool \(pool) has no enabled cluster")
            }
            return .any(clusters)
        case .multiCluster:
            let members = await each(project.members) { name in
                guard let member = generation.configuration.project(named: name),
                    !member.isMultiCluster
                else { return .outOfService("member project not found: \(name)") }
                return await status(of: member)
            }
            return .all(
                members + project.silentSources.map { ($0.name, .outOfService($0.reason)) })
        }
    }

    /// Of the enabled clusters of a pool.
    func statuses(
        ofClustersIn pool: String
    ) async -> [(name: String, status: MemberStatus)] {
        let configuration = generation.configuration
        let disabled = Set(configuration.clusters.filter { !$0.enabled }.map(\.name))
        let names = configuration.clusterPools.first { $0.name == pool }?.clusters ?? []
        return await each(names.filter { !disabled.contains($0) }) { name in
            guard let client = generation.clients.cluster(name) else {
                return .outOfService("there is no client for it")
            }
            return await status(of: client)
        }
    }

    /// At once, and in the order given.
    func each(
        _ names: [String], _ status: @escaping @Sendable (String) async -> MemberStatus
    ) async -> [(name: String, status: MemberStatus)] {
        let replies = await FanOut(width: names.count).replies(to: names) { await status($0) }
        return zip(names, replies).compactMap { name, reply in
            (try? reply.outcome.get()).map { (name: name, status: $0) }
        }
    }
}

/// How a member is, for people who look after it.
struct MemberStatus: Sendable, Equatable {
    struct Failed: Sendable, Equatable {
        var text: String
        /// Nil when it lasts.
        var time: Timestamp?
    }

    var isReachable: Bool
    /// Kept after the member is back.
    var lastError: Failed?
    /// Between the newest scrape that the member knows of and now; nil when it does
    /// not scrape, or cannot be asked.
    var lag: Milliseconds?
    /// As the member gives it.
    var version: String?
    /// From a request to the head of its answer, the newest weighing most.
    var latency: Duration?
    /// Since when it is there or not, and when it last answered; nil for several servers.
    var since: Timestamp?
    var lastSuccess: Timestamp?

    static func outOfService(_ reason: String) -> MemberStatus {
        MemberStatus(isReachable: false, lastError: Failed(text: reason))
    }

    /// Of several that are all needed: as good as the worst of them. The error names its member.
    static func all(_ members: [(name: String, status: MemberStatus)]) -> MemberStatus {
        var status = combined(members)
        status.isReachable = members.allSatisfy(\.status.isReachable)
        return status
    }

    /// Of several of which any one will do.
    static func any(_ members: [(name: String, status: MemberStatus)]) -> MemberStatus {
        var status = combined(members)
        status.isReachable = members.contains(where: \.status.isReachable)
        return status
    }

    private static func combined(
        _ members: [(name: String, status: MemberStatus)]
    ) -> MemberStatus {
        // One that lasts before one that is over.
        let worst =
            members.first { !$0.status.isReachable && $0.status.lastError != nil }
            ?? members.filter { $0.status.lastError != nil }
            .max {
                ($0.status.lastError?.time ?? .epoch) < ($1.status.lastError?.time ?? .epoch)
            }
        let error = worst.flatMap { worst in
            worst.status.lastError.map {
                Failed(text: "\(worst.name): \($0.text)", time: $0.time)
            }
        }
        return MemberStatus(
            isReachable: false, lastError: error,
            lag: members.compactMap(\.status.lag).max(), version: nil,
            latency: members.compactMap(\.status.latency).max())
    }

    /// Seconds, as everywhere in the API.
    var json: JSONValue {
        func seconds(_ value: Double?) -> JSONValue { value.map { .number("\($0)") } ?? .null }
        return .object([
            ("reachable", .bool(isReachable)),
            (
                "lastError",
                lastError.map { error in
                    .object([
                        ("error", .string(error.text)),
                        (
                            "time",
                            error.time.map {
                                .string(RFC3339.text($0))
                            } ?? .null
                        ),
                    ])
                } ?? .null
            ),
            ("lagSeconds", seconds(lag?.seconds)),
            ("version", version.map { .string($0) } ?? .null),
            ("latencySeconds", seconds(latency.map { $0 / .seconds(1) })),
            ("since", since.map { .string(RFC3339.text($0)) } ?? .null),
            ("lastSuccess", lastSuccess.map { .string(RFC3339.text($0)) } ?? .null),
        ])
    }
}

/// Asks members how they are. An answer holds for some seconds, and a request that wants it meanwhile
/// shares it, so that looking at a list cannot become a load on the members.
actor MemberProbes {
    private static let validity: Duration = .seconds(5)
    private static let patience: Duration = .seconds(3)
    /// For what is less of a question.
    private static let probeTime: Duration = .seconds(1)

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
        // The question may be too much for it. Metrics are to say the same.
        case .timeout: isReachable = await client.probe(within: probeTime).state == .up
        default:
            await client.probe(within: probeTime)
            isReachable = false
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
            latency: health.latency, since: health.presence.since,
            lastSuccess: health.presence.lastSuccess)
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
