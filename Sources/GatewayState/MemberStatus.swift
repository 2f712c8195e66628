import GoText
public import PrometheusWire
import TimeSeries
public import Upstream

/// How a member is, for people who look after it.
public struct MemberStatus: Sendable, Equatable {
    struct Failed: Sendable, Equatable {
        var text: String
        /// Nil when it lasts.
        var time: Timestamp?
    }

    public internal(set) var isReachable: Bool
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
    var state: MemberState
    /// Nil where it is not paused.
    var pausedUntil: Timestamp?
    /// Nil of several servers, and of one that does not answer.
    var description: MemberDescription?
    /// What was asked of it lately, by seconds.
    var windows: [(seconds: Int, sum: MemberTraffic.Sum)] = []

    static let windowLengths = [60, 300, 3600]

    public static func == (one: MemberStatus, other: MemberStatus) -> Bool {
        one.json == other.json
    }

    public static func outOfService(_ reason: String) -> MemberStatus {
        MemberStatus(isReachable: false, lastError: Failed(text: reason), state: .failing)
    }

    /// Of several that are all needed: as good as the worst of them. The error names its member.
    public static func all(_ members: [(name: String, status: MemberStatus)]) -> MemberStatus {
        var status = combined(members)
        status.isReachable = members.allSatisfy(\.status.isReachable)
        if status.isReachable { status.state = .up }
        return status
    }

    /// Of several of which any one will do.
    public static func any(_ members: [(name: String, status: MemberStatus)]) -> MemberStatus {
        var status = combined(members)
        status.isReachable = members.contains(where: \.status.isReachable)
        if status.isReachable { status.state = .up }
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
        var status = MemberStatus(
            isReachable: false, lastError: error,
            lag: members.compactMap(\.status.lag).max(), version: nil,
            latency: members.compactMap(\.status.latency).max(),
            state: members.map(\.status.state).max() ?? .failing,
            pausedUntil: members.compactMap(\.status.pausedUntil).max())
        status.windows = windowLengths.map { seconds in
            let sums = members.flatMap(\.status.windows).filter { $0.seconds == seconds }
            return (seconds, sums.reduce(into: MemberTraffic.Sum()) { $0.add($1.sum) })
        }
        return status
    }

    /// Seconds, as everywhere in the API.
    public var json: JSONValue {
        func seconds(_ value: Double?) -> JSONValue { value.map { .number("\($0)") } ?? .null }
        func time(_ time: Timestamp?) -> JSONValue {
            time.map { .string(RFC3339.text($0)) } ?? .null
        }
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
            ("since", time(since)),
            ("lastSuccess", time(lastSuccess)), ("state", .string(state.rawValue)),
            ("pausedUntil", time(pausedUntil)),
            (
                "capabilities",
                description.map {
                    .object([
                        ("kind", .string($0.kind)), ("lacks", .strings($0.lacks)),
                        ("remoteRead", .bool($0.servesRemoteRead)),
                    ])
                } ?? .null
            ),
            (
                "externalLabels",
                (description?.externalLabels).map { labels in
                    .strings(of: labels.map { (key: $0.name, value: $0.value) })
                } ?? .null
            ),
            ("minTime", time(description?.oldest)), ("maxTime", time(description?.newest)),
            ("windows", .array(windows.map(Self.window))),
        ])
    }

    private static func window(_ seconds: Int, _ sum: MemberTraffic.Sum) -> JSONValue {
        .object([
            ("seconds", .integer(Int64(seconds))), ("requests", .integer(Int64(sum.requests))),
            ("failures", .integer(Int64(sum.failures))), ("bytes", .integer(Int64(sum.bytes))),
        ])
    }
}

/// How a project is, and the servers of logs, traces and profiles that it names.
public struct ProjectHealth: Sendable {
    /// Of its metrics; of a project without them, of all its servers.
    public let status: MemberStatus
    /// By the servers' keys in a configuration.
    public let telemetry: [(name: String, status: MemberStatus)]

    public init(status: MemberStatus, telemetry: [(name: String, status: MemberStatus)]) {
        self.status = status
        self.telemetry = telemetry
    }

    /// The servers' statuses by their keys.
    public var telemetryJSON: JSONValue {
        .object(telemetry.map { (key: $0.name, value: $0.status.json) })
    }
}

/// Asks members how they are. An answer holds for some seconds, and a request that wants it meanwhile
/// shares it, so that looking at a list cannot become a load on the members.
public actor MemberProbes {
    private static let validity: Duration = .seconds(5)
    /// Between two questions, whoever asks.
    private static let shortest: Duration = .milliseconds(500)
    private static let patience: Duration = .seconds(3)
    /// For what is less of a question.
    private static let probeTime: Duration = .seconds(1)

    private struct Probe {
        var client: UpstreamClient
        var begun: ContinuousClock.Instant
        var status: Task<MemberStatus, Never>
    }

    private var probes: [ObjectIdentifier: Probe] = [:]

    public init() {}

    /// - Parameter isFresh: Whether an answer from before does not do. One that was asked for just
    ///   now does.
    public func status(of client: UpstreamClient, isFresh: Bool = false) async -> MemberStatus {
        let now = ContinuousClock.now
        // Of members that are no more, nothing is kept.
        probes = probes.filter { now - $0.value.begun < Self.validity }
        let id = ObjectIdentifier(client)
        if isFresh, let probe = probes[id], now - probe.begun > Self.shortest { probes[id] = nil }
        let task = probes[id]?.status ?? Task { await Self.ask(client) }
        if probes[id] == nil { probes[id] = Probe(client: client, begun: now, status: task) }
        return await task.value(within: nil) ?? .outOfService("the request was given up")
    }

    private static func ask(_ client: UpstreamClient) async -> MemberStatus {
        if client.configuration.telemetry != nil { return await askTelemetry(client) }
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
        let description =
            isReachable
            ? await client.described(deadline: .now.advanced(by: probeTime)) : nil
        let health = client.health
        let pause = isReachable ? nil : client.pause
        var error = health.lastFailure.map {
            MemberStatus.Failed(text: $0.text, time: $0.time)
        }
        if !isReachable, error == nil { error = failure.map { .init(text: $0.kind.text) } }
        return MemberStatus(
            isReachable: isReachable, lastError: error,
            lag: newest.map { max(.zero, now - $0) }, version: version ?? health.version,
            latency: health.latency, since: health.presence.since,
            lastSuccess: health.presence.lastSuccess,
            state: isReachable ? .up : MemberState(client),
            pausedUntil: pause.map { now + Milliseconds($0) },
            description: description,
            windows: MemberStatus.windowLengths.map { seconds in
                (seconds, client.traffic(over: .seconds(seconds)))
            })
    }

    private static func askTelemetry(_ client: UpstreamClient) async -> MemberStatus {
        let presence = await client.probe(within: patience)
        let health = client.health
        let isReachable = presence.state == .up
        let pause = isReachable ? nil : client.pause
        return MemberStatus(
            isReachable: isReachable,
            lastError: health.lastFailure.map { .init(text: $0.text, time: $0.time) },
            latency: health.latency, since: presence.since, lastSuccess: presence.lastSuccess,
            state: isReachable ? .up : MemberState(client),
            pausedUntil: pause.map { WallClock.now() + Milliseconds($0) },
            windows: MemberStatus.windowLengths.map { seconds in
                (seconds, client.traffic(over: .seconds(seconds)))
            })
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
