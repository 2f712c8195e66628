public import GatewayConfiguration
import GoText
public import PromQL
public import PrometheusServer
public import PrometheusWire
public import TimeSeries
import Upstream
public import UpstreamSettings

/// A project as a request means it: whom to ask, and what to do when one of them is missing.
public struct ResolvedProject: Sendable {
    public var name: String
    /// One for a regular project, which is a member of itself: its series carry the partition label
    /// too. In the order of the configuration.
    public var members: [Member]
    public var isMultiCluster: Bool
    public var partialResponse: PartialResponse
    /// Whether the answer is whole or an error, whatever the project and the request say: Coroot's
    /// hubs pass over warnings, and keep what they got for ever.
    public var mustBeWhole = false
    public var exactness: Exactness
    /// `none` where the answer is the one member's own.
    public var partition: PartitionLabel
    /// Who asks.
    public var client: ClientIdentity
    /// What is read of it beside metrics; nil for these.
    public var telemetry: TelemetryKind?
    /// Counts answers that lack members.
    public var counts: AnswerCounts?
    /// Matchers that the client's every selector gets: it may see no other series.
    public private(set) var restriction: [LabelMatcher] = []
    /// Of the client alone.
    public private(set) var limits = TokenLimits()

    /// - Parameter client: without it, the one of all requests to the project that bring no credential.
    public init(
        name: String, members: [Member], isMultiCluster: Bool, partialResponse: PartialResponse,
        exactness: Exactness, partition: PartitionLabel, client: ClientIdentity? = nil
    ) {
        self.client = client ?? .project(name)
        self.name = name
        self.members = members
        self.isMultiCluster = isMultiCluster
        self.partialResponse = partialResponse
        self.exactness = exactness
        self.partition = partition
    }

    /// Lets the client see no more than the series that its matchers accept, and keeps it within
    /// its limits. Members that the matchers exclude are no members any more.
    public mutating func restrict(to rights: TokenRights) {
        limits = rights.limits
        for matcher in rights.matchers?.matchers ?? [] {
            if partition.isName(matcher.name) {
                members.removeAll { !SelectorRewriting.matcher(matcher, accepts: $0.name) }
            } else {
                restriction.append(matcher)
            }
        }
    }

    /// Of an endpoint that shows what no selector chooses.
    ///
    /// - Throws: 403 where the client may see some series only.
    public func requireWholeSight() throws(APIError) {
        guard restriction.isEmpty else {
            throw APIError(
                .forbidden,
                "the token sees some series only (auth.tokens[].matchers), and what this endpoint "
                    + "shows cannot be restricted to them")
        }
    }

    /// How selectors are written for members.
    var rewriting: SelectorRewriting {
        SelectorRewriting(partition: partition, anchored: anchored, restriction: restriction)
    }

    /// What a missing member does to the answer to this request.
    ///
    /// - Throws: for a wish that is none.
    func policy(for request: PrometheusRequest) throws(APIError) -> PartialResponse {
        try policy(wish: request.parameter("partial_response"))
    }

    /// As above, by the value of `partial_response`, empty for none.
    public func policy(wish: String) throws(APIError) -> PartialResponse {
        let wish = try PartialResponse.requested(by: wish)
        return mustBeWhole ? .abort : wish ?? partialResponse
    }

    /// Sources of fragments that do not ask members about times of which they have no samples. What is
    /// one member's own is asked of it whatever the time, as parts of it can have values without
    /// samples.
    func bounding(
        _ source: @escaping @Sendable (Member) -> any FragmentSource, at now: Timestamp
    ) -> @Sendable (Member) -> any FragmentSource {
        if partition.isNone || members.allSatisfy(\.timeRange.isEverything) { return source }
        return { member in
            member.timeRange.isEverything
                ? source(member)
                : TimeBoundSource(source: source(member), range: member.timeRange, now: now)
        }
    }

    /// By fetch, of how many steps its member is asked; only where that is not all.
    func stepsAsked(of plan: Plan, lookback: Milliseconds, at now: Timestamp) -> [Int: Int] {
        if partition.isNone { return [:] }
        var steps: [Int: Int] = [:]
        for (index, fetch) in plan.fetches.enumerated() {
            let range = members[fetch.member].timeRange
            if range.isEverything { continue }
            if case .stored(let selection) = fetch.form {
                let isAsked = range.touches(
                    from: selection.from, through: selection.through, at: now)
                if !isAsked { steps[index] = 0 }
                continue
            }
            switch TimeBoundSource.part(
                of: fetch.text, on: fetch.grid, lookback: lookback, range, now)
            {
            case .all: break
            case .some(let grid): steps[index] = grid.count
            case .none: steps[index] = 0
            }
        }
        return steps
    }

    /// Whether a member may have samples between two times, of which nil leaves that side open.
    func mayHave(_ member: Member, from: Timestamp?, through: Timestamp?) -> Bool {
        partition.isNone || member.timeRange.isEverything
            || member.timeRange.touches(from: from, through: through, at: WallClock.now())
    }

    /// Whether a member has a selector, by which it is a part of its server.
    var sharesServer: Bool {
        members.contains { $0.clients.contains { $0.configuration.selector != nil } }
    }

    /// Members whose regular expressions are sent with anchors: a Coroot that keeps its metrics in
    /// ClickHouse finds them anywhere in a value. Anchors do no harm elsewhere.
    var anchored: Set<String> {
        Set(members.filter { $0.clients.contains(where: \.isCoroot) }.map(\.name))
    }
}

extension QueryResources {
    /// Admits a request, once there is a place among those that its client may have.
    ///
    /// - Throws: when there is no room for the request, or no place until the deadline.
    public func admit(
        _ request: PrometheusRequest, to project: ResolvedProject,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> QueueMemory.Admission {
        let admission = try requests.admit(request)
        if let most = project.limits.maxConcurrency {
            admission.keep(try await places.take(project.client, of: most, until: deadline))
        }
        return admission
    }
}

/// What of an answer a project with a selector leaves out, because it has no labels that tell whose
/// it is.
enum UnrestrictableAnswer {
    /// - Parameter part: what is left out; nil for the whole answer.
    static func text(project: String, path: String, _ part: String? = nil) -> String {
        let subject = part.map { "\($0) of \(path)" } ?? path
        return "project \(GoQuoting.quote(project)): \(subject) left out: the project's selector "
            + "cannot restrict it"
    }
}

/// Tells the client which pool stood for a pooled project, how it was found, and which of its
/// clusters answered. Of several pooled members each value is given as `<project>=<value>`.
public enum PoolHeaders {
    public static func add(
        to response: inout PrometheusResponse, for project: ResolvedProject
    ) async {
        let calls = project.members.compactMap(\.pool)
        guard !calls.isEmpty else { return }
        var pools: [String] = []
        var levels: [String] = []
        var clusters: [String] = []
        for call in calls {
            let prefix = project.isMultiCluster ? "\(call.project)=" : ""
            pools.append(prefix + call.pool)
            levels.append(prefix + call.level)
            clusters += await call.answered.map { prefix + $0 }
        }
        response.headers["X-Tributary-Pool"] = pools.joined(separator: ", ")
        response.headers["X-Tributary-Pool-Level"] = levels.joined(separator: ", ")
        if !clusters.isEmpty {
            response.headers["X-Tributary-Cluster"] = clusters.joined(separator: ", ")
        }
    }
}

/// What chooses among the clusters of a pool: the same text about the same hour chooses the same
/// cluster, and the next hour may choose another, so that no cluster keeps the dearest queries.
public enum PoolAffinityKey {
    private static let bucket = Milliseconds(3_600_000)

    /// - Parameter now: for requests that name no time.
    public static func of(_ request: PrometheusRequest, now: Timestamp) -> String {
        var texts = [request.parameter("query")] + request.parameters.all("match[]")
        texts.append(String(bucketNumber(of: request, now: now)))
        return texts.joined(separator: "\n")
    }

    private static func bucketNumber(of request: PrometheusRequest, now: Timestamp) -> Int64 {
        for name in ["end", "time"] {
            // What cannot be read is refused later, with the right words.
            if let time = try? request.reader.requiredTime(name) {
                return time.milliseconds.floorDivided(by: bucket.count)
            }
        }
        return now.milliseconds.floorDivided(by: bucket.count)
    }
}
