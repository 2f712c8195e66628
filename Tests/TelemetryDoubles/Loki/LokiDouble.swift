import GoText

/// A small Loki over lines in memory: the paths that read, with the answers, the limits and the
/// refusals of a real one with its defaults. Its evaluator is written apart from the gateway's, so that
/// an instance that holds the lines of all members can judge what the gateway makes of them.
package struct LokiDouble: TelemetryDouble {
    private let tenants: [String: LogStore]
    private let hasTenants: Bool
    /// Nanoseconds since 1970, for requests that name no time.
    package var now: @Sendable () -> Int64 = { WallClock.now().milliseconds * 1_000_000 }
    /// The largest limit of a log query.
    package var mostLines = 5000

    /// A server for everybody.
    package init(_ store: LogStore) {
        tenants = ["": store]
        hasTenants = false
    }

    /// A server that asks for `X-Scope-OrgID`, with the lines of each tenant.
    package init(tenants: [String: LogStore]) {
        self.tenants = tenants
        hasTenants = true
    }

    package func answer(_ request: DoubleRequest) -> DoubleAnswer {
        if request.path == "/ready" { return .refusal(200, "ready\n") }
        let prefix = "/loki/api/v1/"
        guard request.path.hasPrefix(prefix) else { return .unknownPath }
        let path = String(request.path.dropFirst(prefix.count))
        if path == "status/buildinfo" { return .json(Self.build, type: "application/json") }
        guard let route = Self.route(path) else { return .unknownPath }
        guard route != .push else {
            return DoubleAnswer(status: request.method == "POST" ? 404 : 405)
        }
        guard request.method == "GET" || request.method == "POST" else {
            return DoubleAnswer(status: 405)
        }
        var store = LogStore()
        if hasTenants {
            guard let tenant = request.header("X-Scope-OrgID") else {
                return .refusal(401, "no org id\n")
            }
            store = tenants[tenant] ?? store
        } else {
            store = tenants[""] ?? store
        }
        let answers = LokiAnswers(
            store: store,
            parameters: LokiParameters(request: request, now: now(), mostLines: mostLines))
        do throws(LokiAnswers.Failure) {
            return try answers.answer(route)
        } catch {
            switch error {
            case .refusal(let text): return .refusal(400, text)
            case .internal(let text): return .refusal(500, text)
            case .unanswered: return DoubleAnswer(isWithheld: true)
            }
        }
    }

    private static let build = JSONNode.object(
        ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"].map {
            .init($0, .string($0 == "goVersion" ? "go1.27.3" : ""))
        })

    enum Route: Equatable {
        case queryRange
        case query
        case labels
        case values(String)
        case series
        case stats
        case volume
        case volumeRange
        case patterns
        case detectedLabels
        case detectedFields
        case detectedValues(String)
        case push
    }

    private static func route(_ path: String) -> Route? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch path {
        case "query_range": return .queryRange
        case "query": return .query
        case "labels", "label": return .labels
        case "series": return .series
        case "index/stats": return .stats
        case "index/volume": return .volume
        case "index/volume_range": return .volumeRange
        case "patterns": return .patterns
        case "detected_labels": return .detectedLabels
        case "detected_fields": return .detectedFields
        case "push": return .push
        default: break
        }
        guard parts.count == 3, parts[2] == "values" else { return nil }
        switch parts[0] {
        case "label": return .values(parts[1])
        case "detected_field": return .detectedValues(parts[1])
        default: return nil
        }
    }
}
