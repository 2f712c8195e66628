import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

extension UpstreamClient {
    /// The longest that a probe waits.
    private static let probeTime = Duration.seconds(5)

    /// Asks the member for a constant, whatever its circuit says. The request takes none of the
    /// member's places, and fails or closes no circuit: where the member answers, the pause of an
    /// open one ends, so that the next request of a client finds out about the rest.
    ///
    /// - Parameter time: The longest that it waits; nil for 5 s, or the member's own timeout.
    /// - Returns: what is known of the member then.
    @discardableResult
    public func probe(within time: Duration? = nil) async -> MemberPresence {
        let time = time ?? min(Self.probeTime, configuration.connection.timeout)
        var options = QueryOptions(deadline: .now.advanced(by: time))
        options.isProbe = true
        do throws(UpstreamError) {
            if let source = configuration.telemetry {
                try await probeTelemetry(source.kind, deadline: .now.advanced(by: time))
                return presence
            }
            let stream = try await query("vector(1)", at: WallClock.now(), options: options)
            while try await stream.next() != nil {}
        } catch {
            // The client has noted it.
        }
        return presence
    }

    private var presence: MemberPresence { common.link.withLock { $0.health.presence } }

    /// When the member last answered; nil before the first answer.
    var lastAnswer: MonotonicInstant? { common.link.withLock { $0.lastAnswer } }

    /// Tells the member from every other one, whatever clients pass on to it.
    var number: UInt64 { common.number }
}

/// Asks members again and again whether they are there, so that this is known of those that no
/// client asks.
public struct BackgroundProbes: Sendable {
    /// Who is to be probed, and how often.
    public struct Wanted: Sendable {
        public var members: [UpstreamClient]
        /// Zero for never.
        public var interval: Duration

        public init(members: [UpstreamClient], interval: Duration) {
            self.members = members
            self.interval = interval
        }
    }

    /// Probes under way at once.
    private static let width = 32
    /// After this it looks again who is to be probed.
    private static let look = Duration.milliseconds(500)

    private let wanted: @Sendable () -> Wanted

    /// - Parameter wanted: Is asked again and again, so that a reload is followed.
    public init(_ wanted: @escaping @Sendable () -> Wanted) { self.wanted = wanted }

    /// Probes until the task is cancelled.
    public func run() async {
        let running = LockedValue<Set<UInt64>>([])
        await withDiscardingTaskGroup { group in
            var schedule = ProbeSchedule()
            while !Task.isCancelled {
                let wanted = wanted()
                let now = MonotonicInstant.now
                let busy = running.withLock { $0 }
                let members = wanted.members.map {
                    ProbeSchedule.Member(number: $0.number, lastAnswer: $0.lastAnswer)
                }
                let due = schedule.due(
                    of: members, every: wanted.interval, at: now, busy: busy,
                    most: Self.width - busy.count
                ) { .random(in: 0..<1) }
                for index in due {
                    let client = wanted.members[index]
                    running.withLock { _ = $0.insert(client.number) }
                    group.addTask {
                        await client.probe()
                        running.withLock { _ = $0.remove(client.number) }
                    }
                }
                let pause = schedule.next.map { max(.milliseconds(10), now.duration(to: $0)) }
                try? await Task.sleep(for: min(Self.look, pause ?? Self.look))
            }
        }
    }
}

/// When each member is to be probed: once an interval, a fifth of it sooner or later, so that members
/// are not asked all at once; and an interval after its newest answer, so that one that clients ask is
/// left alone.
///
/// Pure: time and chance come in.
struct ProbeSchedule: Sendable {
    struct Member: Sendable {
        var number: UInt64
        var lastAnswer: MonotonicInstant?
    }

    /// Members are probed for the first time within this.
    private static let first = Duration.seconds(1)

    private var times: [UInt64: MonotonicInstant] = [:]

    /// The first time that is to come; nil where there is none.
    var next: MonotonicInstant? { times.values.min() }

    /// The positions of the members that are to be probed now.
    ///
    /// - Parameters:
    ///   - interval: Zero for never.
    ///   - busy: Members whose probe is under way.
    ///   - most: No more than so many; the others stay due.
    ///   - random: From 0 up to 1.
    mutating func due(
        of members: [Member], every interval: Duration, at now: MonotonicInstant,
        busy: Set<UInt64>, most: Int, random: () -> Double
    ) -> [Int] {
        guard interval > .zero else {
            times = [:]
            return []
        }
        let former = times
        times = [:]
        var due: [Int] = []
        for (index, member) in members.enumerated() {
            // A member that was found out about by two names is one.
            guard times[member.number] == nil else { continue }
            let jittered = interval * (0.8 + 0.4 * random())
            var time =
                former[member.number] ?? now.advanced(by: min(interval, Self.first) * random())
            // Never later than an interval from now, which a reload may have made shorter.
            if now.duration(to: time) > interval * 1.2 { time = now.advanced(by: jittered) }
            if time <= now, let answer = member.lastAnswer,
                answer.duration(to: now) < interval * 0.8
            {
                time = answer.advanced(by: jittered)
            }
            if time <= now, due.count < most, !busy.contains(member.number) {
                due.append(index)
                time = now.advanced(by: jittered)
            }
            times[member.number] = time
        }
        return due
    }
}
