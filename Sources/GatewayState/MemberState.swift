import GoText
import PrometheusWire
public import Upstream

/// How a member is, in one word; what is worse comes later.
public enum MemberState: String, Sendable, Comparable, CaseIterable {
    case up
    /// Nothing is known of it yet.
    case neverAsked
    /// It kept failing, and is not asked for a while.
    case paused
    case failing

    /// As far as it is known without asking.
    public init(_ client: UpstreamClient) {
        if client.pause != nil {
            self = .paused
            return
        }
        switch client.health.presence.state {
        case .up: self = .up
        case .unknown: self = .neverAsked
        case .down: self = .failing
        }
    }

    public static func < (one: MemberState, other: MemberState) -> Bool {
        allCases.firstIndex(of: one) ?? 0 < allCases.firstIndex(of: other) ?? 0
    }
}

/// How a member of a project was at one look.
public struct MemberSighting: Sendable, Equatable {
    public var project: String
    public var state: MemberState
    private var since: Timestamp?
    private var cause: String?

    public init(project: String, client: UpstreamClient) {
        self.project = project
        state = MemberState(client)
        let presence = client.health.presence
        since = presence.since
        cause = presence.cause
    }

    /// Those of the second look whose state is another one than in the first.
    static func changes(from old: [MemberSighting], to new: [MemberSighting]) -> [MemberSighting] {
        let former = Dictionary(old.map { ($0.project, $0.state) }) { first, _ in first }
        return new.filter { one in former[one.project].map { $0 != one.state } ?? false }
    }

    /// As an event of a stream.
    var event: [UInt8] {
        let data = JSONValue.object([
            ("project", .string(project)), ("state", .string(state.rawValue)),
            ("since", since.map { .string(RFC3339.text($0)) } ?? .null),
            ("error", cause.map { .string($0) } ?? .null),
        ])
        return Array("event: member\ndata: ".utf8) + data.bytes + Array("\n\n".utf8)
    }
}
