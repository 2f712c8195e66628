import GoText

/// A small Tempo over spans in memory: traces, search, tags and metrics, with the answers, limits and
/// refusals of a real one with its defaults.
package struct TempoDouble: TelemetryDouble {
    private let tenants: [String: TraceStore]
    private let hasTenants: Bool
    /// Seconds since 1970, for requests that name no time: they see the last hour.
    package var now: @Sendable () -> Int64 = { WallClock.now().wholeSeconds }

    package init(_ store: TraceStore) {
        tenants = ["": store]
        hasTenants = false
    }

    /// A server that asks for `X-Scope-OrgID`, with the spans of each tenant.
    package init(tenants: [String: TraceStore]) {
        self.tenants = tenants
        hasTenants = true
    }

    package func answer(_ request: DoubleRequest) -> DoubleAnswer {
        if request.path == "/ready" { return .refusal(200, "ready\n") }
        guard request.path.hasPrefix("/api/") else { return .unknownPath }
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst(2).map(String.init)
        switch parts {
        case ["echo"]: return .refusal(200, "echo\n")
        case ["status", "buildinfo"]: return .json(Self.build, type: "application/json", end: "")
        case ["v2", "traces", "diff"] where request.method != "POST":
            return .refusal(405, "Method Not Allowed")
        default: break
        }
        guard let route = Self.route(parts) else { return .unknownPath }
        var store = tenants[""] ?? TraceStore()
        if hasTenants {
            guard let tenant = request.header("X-Scope-OrgID") else {
                return .refusal(401, "no org id\n")
            }
            store = tenants[tenant] ?? TraceStore()
        }
        do throws(TempoRefusal) {
            return try TempoAnswers(store: store, request: request, now: now()).answer(route)
        } catch {
            return .refusal(400, error.text)
        }
    }

    private static let build = JSONNode.object(
        ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"].map {
            .init($0, .string($0 == "goVersion" ? "go1.27.3" : ""))
        })

    enum Route: Equatable {
        case trace(String, isV2: Bool)
        case search
        case tags(isV2: Bool)
        case values(String, isV2: Bool)
        case metricsRange
        case metrics
    }

    private static func route(_ parts: [String]) -> Route? {
        let isV2 = parts.first == "v2"
        let parts = Array(parts.dropFirst(isV2 ? 1 : 0))
        switch parts.first {
        case "traces" where parts.count == 2: return .trace(parts[1], isV2: isV2)
        case "search" where parts.count == 1 && !isV2: return .search
        case "search" where parts == ["search", "tags"]: return .tags(isV2: isV2)
        case "search" where parts.count >= 4 && parts[1] == "tag" && parts.last == "values":
            return .values(parts[2..<(parts.count - 1)].joined(separator: "/"), isV2: isV2)
        case "metrics" where parts == ["metrics", "query_range"]: return .metricsRange
        case "metrics" where parts == ["metrics", "query"]: return .metrics
        default: return nil
        }
    }
}

struct TempoRefusal: Error {
    var text: String
}

/// The answers of one request to the double of Tempo.
struct TempoAnswers {
    let store: TraceStore
    let request: DoubleRequest
    /// Seconds since 1970.
    let now: Int64

    func answer(_ route: TempoDouble.Route) throws(TempoRefusal) -> DoubleAnswer {
        switch route {
        case .trace(let id, let isV2): try trace(id, isV2: isV2)
        case .search: try search()
        case .tags(let isV2): try tags(isV2: isV2)
        case .values(let name, let isV2): try values(of: name, isV2: isV2)
        case .metricsRange: try metricsRange()
        case .metrics: try metrics()
        }
    }

    static func json(_ node: JSONNode) -> DoubleAnswer {
        .json(node, type: "application/json", end: "")
    }

    // MARK: Parameters

    /// A number that is not negative; nil where there is none.
    func number(_ name: String, kind: String = "ParseUint") throws(TempoRefusal) -> Int64? {
        guard let text = request.parameter(name) else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw TempoRefusal(
                text: "invalid \(name): strconv.\(kind): parsing \(GoQuoting.quote(text)): "
                    + "invalid syntax")
        }
        return number
    }

    /// Seconds; the last hour where nothing is named.
    func window(kind: String = "ParseUint") throws(TempoRefusal) -> Range<Int64> {
        let start = try number("start", kind: kind)
        let end = try number("end", kind: kind)
        if start == nil, end == nil { return (now - 3600)..<(now + 1) }
        guard (start ?? 0) < (end ?? 0) else {
            throw TempoRefusal(
                text: "http parameter start must be before end. "
                    + "received start=\(start ?? 0) end=\(end ?? 0)")
        }
        return (start ?? 0)..<(end ?? 0)
    }

    // MARK: Traces

    private func trace(_ text: String, isV2: Bool) throws(TempoRefusal) -> DoubleAnswer {
        let digits = Array(text)
        if let wrong = digits.firstIndex(where: { !$0.isHexDigit }) {
            throw TempoRefusal(
                text: "trace IDs can only contain hex characters: "
                    + "invalid character '\(digits[wrong])' at position \(wrong + 1)")
        }
        guard digits.count <= 32 else {
            throw TempoRefusal(text: "trace IDs can't be larger than 128 bits")
        }
        let padded = String(repeating: "0", count: 32 - digits.count) + text
        let id = HexText.bytes(padded)
        var batches = store.batches(of: id)
        let start = try number("start", kind: "ParseInt")
        let end = try number("end", kind: "ParseInt")
        if let start, let end {
            guard start < end else {
                throw TempoRefusal(
                    text: "http parameter start must be before end. "
                        + "received start=\(start) end=\(end)")
            }
            let found = store.traces.first { $0.id == id }
            if found?.isIn(start..<end) != true { batches = [] }
        }
        let isProtobuf = request.header("Accept") == "application/protobuf"
        let type = isProtobuf ? "application/protobuf" : "application/json"
        if batches.isEmpty, !isV2 { return DoubleAnswer(status: 404) }
        if isProtobuf {
            let trace = TraceEncoding.protobuf(batches)
            guard isV2 else { return DoubleAnswer(type: type, body: trace) }
            var answer = ProtobufWriter()
            answer.message(1) { $0.raw(trace) }
            answer.message(2) { _ in }
            return DoubleAnswer(type: type, body: answer.bytes)
        }
        let json = TraceEncoding.json(batches)
        guard isV2 else { return Self.json(.object([.init("batches", json)])) }
        let trace: [JSONNode.Member] = batches.isEmpty ? [] : [.init("resourceSpans", json)]
        return Self.json(
            .object([.init("trace", .object(trace)), .init("metrics", .object([]))]))
    }
}
