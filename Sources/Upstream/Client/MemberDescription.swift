public import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// What a member tells of itself beside its version, for people who look after it.
public struct MemberDescription: Sendable, Equatable {
    /// What calls itself otherwise than Prometheus, as Mimir does; `Prometheus` where it does not say.
    public var kind: String
    /// Endpoints that it has not, and that the gateway makes up for by other questions.
    public var lacks: [String] = []
    /// Whether samples may be asked for by remote read; false once the member was found without it.
    public var servesRemoteRead = true
    /// Nil where they cannot be had.
    public var externalLabels: [(name: String, value: String)]?
    /// Of the samples in the head of its storage; nil where it has none, or does not tell.
    public var oldest: Timestamp?
    public var newest: Timestamp?

    public init(kind: String) { self.kind = kind }

    public static func == (one: MemberDescription, other: MemberDescription) -> Bool {
        one.kind == other.kind && one.lacks == other.lacks
            && one.servesRemoteRead == other.servesRemoteRead && one.oldest == other.oldest
            && one.newest == other.newest
            && one.externalLabels?.map(\.name) == other.externalLabels?.map(\.name)
            && one.externalLabels?.map(\.value) == other.externalLabels?.map(\.value)
    }
}

extension UpstreamClient {
    /// What the member tells of itself, by requests that say nothing of whether it is there.
    public func described(deadline: ContinuousClock.Instant) async -> MemberDescription {
        var description = MemberDescription(kind: kindName(await capabilities(deadline: deadline)))
        description.lacks = lacks.map(\.1)
        description.servesRemoteRead = !lacks.contains { $0.0 == .remoteRead }
        // Of a project that sees some series of a server, the rest is none of its business.
        guard configuration.selector == nil, case .prometheus = configuration.source else {
            return description
        }
        async let times = headTimes(deadline: deadline)
        if let external = try? await externalLabels(deadline: deadline) {
            description.externalLabels = external.labels.map { (name: $0.name, value: $0.value) }
        }
        (description.oldest, description.newest) = await times
        return description
    }

    private func kindName(_ capabilities: UpstreamCapabilities) -> String {
        switch configuration.source {
        case .remoteCoroot: "Coroot"
        case .prometheus: capabilities.application ?? "Prometheus"
        case .telemetry(let source): source.kind.serverName
        }
    }

    private var lacks: [(EndpointSupport.Endpoint, String)] {
        let endpoints: [(EndpointSupport.Endpoint, String)] = [
            (.instantQuery, "query"), (.labelNames, "labels"),
            (.labelValues, "label/<name>/values"),
            (.stepGrid, "query_range between multiples of the step"), (.remoteRead, "read"),
        ]
        return endpoints.filter { endpoint, _ in
            configuration.support(of: endpoint) == .emulated || isKnownMissing(endpoint)
        }
    }

    private func headTimes(
        deadline: ContinuousClock.Instant
    ) async -> (oldest: Timestamp?, newest: Timestamp?) {
        guard
            let answer = try? await getJSON(
                "/api/v1/status/tsdb", Parameters([("limit", "1")]), deadline: deadline,
                isAdvisory: true),
            let head = (try? JSONValue(parsing: answer.data))?["headStats"],
            let oldest = head["minTime"]?.integer, let newest = head["maxTime"]?.integer,
            // An empty head has none, and says so by times the wrong way round.
            oldest <= newest
        else { return (nil, nil) }
        return (Timestamp(milliseconds: oldest), Timestamp(milliseconds: newest))
    }

    /// How long requests are still refused because the member kept failing; nil where they are not.
    public var pause: Duration? {
        state.withLock { state in
            guard case .open(let until, _) = state.breaker.state, .now < until else { return nil }
            return MonotonicInstant.now.duration(to: until)
        }
    }

    /// What was asked of the member lately, probes left out.
    public func traffic(over time: Duration) -> MemberTraffic.Sum {
        common.link.withLock { $0.traffic.sum(over: time, at: .now) }
    }
}

/// Counts of the last hour, by pieces of ten seconds.
///
/// Pure: the time comes in.
public struct MemberTraffic: Sendable, Equatable {
    public struct Sum: Sendable, Equatable {
        /// Retries included.
        public var requests = 0
        /// Operations that ended in a failure of the member.
        public var failures = 0
        /// Of bodies, inflated.
        public var bytes = 0

        public init() {}

        public mutating func add(_ other: Sum) {
            requests += other.requests
            failures += other.failures
            bytes += other.bytes
        }
    }

    private struct Piece: Sendable, Equatable {
        /// Since the clock began, in pieces.
        var number: Int64
        var sum = Sum()
    }

    /// The length of a piece.
    static let piece = Duration.seconds(10)
    private static let most = 361

    /// By number, ascending.
    private var pieces: [Piece] = []

    mutating func count(at now: MonotonicInstant, _ change: (inout Sum) -> Void) {
        let number = Self.number(now)
        if pieces.last.map({ $0.number < number }) ?? true {
            if pieces.count == Self.most { pieces.removeFirst() }
            pieces.append(Piece(number: number))
        }
        change(&pieces[pieces.count - 1].sum)
    }

    /// The counts of the pieces that began within a time up to an hour.
    func sum(over time: Duration, at now: MonotonicInstant) -> Sum {
        let first = Self.number(now) - Int64(time / Self.piece) + 1
        return pieces.reversed().prefix { $0.number >= first }.reduce(into: Sum()) {
            $0.add($1.sum)
        }
    }

    private static func number(_ now: MonotonicInstant) -> Int64 {
        Int64(MonotonicInstant(.zero).duration(to: now) / piece)
    }
}
