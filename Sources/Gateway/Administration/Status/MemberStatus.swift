import GoText
import Members
import PrometheusAPI

/// How a member is, for people who look after it.
struct MemberStatus: Sendable, Equatable {
    struct Failed: Sendable, Equatable {
        var text: String
        /// Milliseconds since the epoch; nil when it lasts.
        var time: Int64?
    }

    var isReachable: Bool
    /// Kept after the member is back.
    var lastError: Failed?
    /// Milliseconds between the newest scrape that the member knows of and now; nil when it does
    /// not scrape, or cannot be asked.
    var lag: Int64?
    /// As the member gives it.
    var version: String?
    /// Milliseconds to the head of an answer, the newest weighing most.
    var latency: Double?

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
            .max { ($0.status.lastError?.time ?? 0) < ($1.status.lastError?.time ?? 0) }
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
        func seconds(_ milliseconds: Double?) -> JSONValue {
            milliseconds.map { .number("\($0 / 1000)") } ?? .null
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
                                .string(RFC3339.text(milliseconds: $0))
                            } ?? .null
                        ),
                    ])
                } ?? .null
            ),
            ("lagSeconds", seconds(lag.map { Double($0) })),
            ("version", version.map { .string($0) } ?? .null),
            ("latencySeconds", seconds(latency)),
        ])
    }
}
