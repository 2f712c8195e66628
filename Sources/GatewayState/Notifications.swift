public import GoText
public import PrometheusServer
import PrometheusWire
import ServiceLifecycle
import Synchronization
public import Upstream

/// Something that people who look after the gateway should know of now.
public struct Notification: Sendable, Hashable {
    public var text: String
    /// Since when.
    public var date: Timestamp
    /// The project that it is about; nil for the gateway as a whole.
    public var project: String?

    func json(isActive: Bool) -> JSONValue {
        .object([
            ("text", .string(text)), ("date", .string(RFC3339.text(date))),
            ("active", .bool(isActive)),
        ])
    }
}

/// What there is to notify of: a failed reload, a store that does not answer, members that have been
/// away for a minute.
public struct Notifications: Sendable {
    /// A member that is away for less is none yet.
    public static let patience = Milliseconds(60_000)

    /// Those that hold, the oldest first.
    public var all: [Notification]

    public init(_ all: [Notification]) { self.all = all }

    /// - Parameters:
    ///   - members: What is known of members by name, and the project that each is.
    ///   - now: Compared with since when members are away.
    public init(
        _ reloads: ReloadState.Value?,
        members: [(name: String, project: String?, presence: MemberPresence)], now: Timestamp
    ) {
        var all: [Notification] = []
        if let failure = reloads?.failure {
            all.append(
                Notification(
                    text: "Configuration reload has failed. The former configuration stays in "
                        + "force: \(failure.text)", date: failure.since))
        }
        if let failure = reloads?.storeFailure {
            all.append(
                Notification(
                    text: "The store does not answer. What is in force stays so: \(failure.text)",
                    date: failure.since))
        }
        for member in members {
            guard member.presence.state == .down, let since = member.presence.since,
                now - since >= Self.patience
            else { continue }
            let cause = member.presence.cause.map { ": \($0)" } ?? ""
            all.append(
                Notification(
                    text: "Member \(member.name) does not answer\(cause)", date: since,
                    project: member.project))
        }
        self.all = all.sorted { ($0.date, $0.text) < ($1.date, $1.text) }
    }

    /// The list as the API answers it.
    public var response: PrometheusResponse {
        .json(
            Envelope.head + JSONValue.array(all.map { $0.json(isActive: true) }).bytes
                + [UInt8(ascii: "}")])
    }
}

/// `notifications/live`: a stream of events, kept open. It begins with what holds, and goes on with
/// what begins and what ends.
public final class NotificationStream: Sendable {
    private let most: Int
    private let open = Mutex(0)
    private let interval: Duration
    private let look: Duration

    /// - Parameters:
    ///   - most: Streams at once; more are answered 204.
    ///   - interval: Between two signs of life, which clients pass over.
    ///   - look: Between two looks at what holds.
    public init(
        most: Int = 16, interval: Duration = .seconds(15), look: Duration = .seconds(1)
    ) {
        self.most = most
        self.interval = interval
        self.look = look
    }

    /// - Parameters:
    ///   - members: How the members are of which the client may know.
    ///   - current: What the client may know of now.
    public func stream(
        members: @escaping @Sendable () -> [MemberSighting] = { [] },
        _ current: @escaping @Sendable () -> [Notification]
    ) -> PrometheusResponse {
        guard open.withLock({ $0 }) < most else { return PrometheusResponse(status: 204) }
        var response = PrometheusResponse(
            headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-cache"],
            body: .stream { [self] writer in
                open.withLock { $0 += 1 }
                defer { open.withLock { $0 -= 1 } }
                var shown: [Notification] = []
                var sent: MonotonicInstant?
                var known = members()
                repeat {
                    let now = current()
                    var bytes = shown.filter { !now.contains($0) }.flatMap { Self.event($0, false) }
                    bytes += now.filter { !shown.contains($0) }.flatMap { Self.event($0, true) }
                    shown = now
                    let seen = members()
                    bytes += MemberSighting.changes(from: known, to: seen).flatMap(\.event)
                    known = seen
                    if bytes.isEmpty {
                        if let sent, Duration.since(sent) < interval { continue }
                        bytes = Array(":\n\n".utf8)
                    }
                    try await writer.write(bytes)
                    try await writer.flush()
                    sent = .now
                } while await pause()
            })
        response.isEndless = true
        return response
    }

    private static func event(_ notification: Notification, _ isActive: Bool) -> [UInt8] {
        Array("data: ".utf8) + notification.json(isActive: isActive).bytes + Array("\n\n".utf8)
    }

    /// False when the server ends, or the client went away.
    private func pause() async -> Bool {
        do {
            try await cancelWhenGracefulShutdown { [look] in try await Task.sleep(for: look) }
            return true
        } catch {
            return false
        }
    }
}

/// Whether members answer, for `/-/ready?members=…`.
public enum MembersReadiness: String, Sendable {
    /// Each of them has to answer.
    case all
    /// One of them is enough.
    case any

    /// 200 or 503, with how many answer, as no credential is needed to learn it.
    public func response(_ presences: [MemberPresence]) -> PrometheusResponse {
        let up = presences.count { $0.state == .up }
        let isReady =
            switch self {
            case .all: up == presences.count
            case .any: up > 0 || presences.isEmpty
            }
        return .text(
            status: isReady ? 200 : 503, "\(up) of \(presences.count) members answer.\n")
    }
}
