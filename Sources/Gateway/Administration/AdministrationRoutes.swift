import GatewayConfiguration
import GatewayState
import Logging
import PrometheusServer
import PrometheusWire

/// `/api/projects`, `/api/cluster-pools`, `/api/cluster-pool-attributes` and `/api/tokens`, and the
/// reload. docs/openapi.yaml describes them, and a test compares the two.
struct AdministrationRoutes: Sendable {
    let base: String
    let access: AccessControl
    let reference: LiveReference
    let audit: AuditLog
    let probes: MemberProbes
    let metrics: GatewayMetrics
    /// Whether clients speak TLS with the gateway.
    let speaksTLS: Bool
    /// The clients that a configuration would have, beside one in force.
    let clients: @Sendable (Configuration, RuntimeSnapshot) -> UpstreamClients

    /// Compressed as elsewhere, but without CORS: pages of other origins have no business here.
    static let traits: RouteTraits = [.readyGated, .compressed]
    private static let changeTraits: RouteTraits = [.readyGated, .compressed, .administering]

    /// A request for a change, and whom it comes from.
    struct Change: Sendable {
        var request: PrometheusRequest
        var administrator: Administrator
        var live: ConfigurationReloader

        /// The body, which must be JSON: a form, which any web page can send, is refused.
        func document() throws(APIError) -> DocumentValue {
            let type = request.headers["Content-Type"] ?? ""
            let mediaType = type.prefix { $0 != ";" && $0 != " " }.lowercased()
            guard mediaType == "application/json" else {
                throw APIError(
                    .badData, "the body must be of Content-Type application/json", status: 415)
            }
            guard request.body.count <= DocumentLimits.bytes else {
                throw APIError(
                    .badData,
                    "the body has \(request.body.count) bytes; \(DocumentLimits.bytes) are allowed",
                    status: 413)
            }
            do throws(StoreRefusal) {
                return try DocumentValue(json: request.body)
            } catch {
                throw APIError(.badData, error.description)
            }
        }
    }

    /// A segment of the path.
    static func name(_ segment: String, _ request: PrometheusRequest) throws(APIError) -> String {
        guard request.isPathValidUTF8, let name = request.pathParameters[segment] else {
            throw .badData("the path is not UTF-8")
        }
        return name
    }

    func add(to routes: inout RouteTable) {
        addProjects(to: &routes)
        addPools(to: &routes)
        addAttributes(to: &routes)
        addTokens(to: &routes)
        addSessions(to: &routes)
        addReload(to: &routes)
    }

    /// A route that shows something to readers.
    func reading(
        _ path: String, _ routes: inout RouteTable,
        _ handler:
            @escaping @Sendable (PrometheusRequest, Grant, ConfigurationReloader) async throws ->
            PrometheusResponse
    ) {
        routes.on("GET", path: base + path, traits: Self.traits) { request in
            try await handler(request, try grant(request), try live())
        }
    }

    /// A route by which readers have something done that changes nothing.
    func asking(
        _ method: String, _ path: String, _ routes: inout RouteTable,
        _ handler:
            @escaping @Sendable (PrometheusRequest, Grant, ConfigurationReloader) async throws ->
            PrometheusResponse
    ) {
        routes.on(method, path: base + path, traits: Self.traits) { request in
            let grant = try grant(request)
            try refuseForgery(request, isOpen: grant == .everything)
            return try await handler(request, grant, try live())
        }
    }

    func grant(_ request: PrometheusRequest) throws(APIError) -> Grant {
        do throws(AccessControl.Refusal) {
            return try access.grant(for: request.headers)
        } catch {
            metrics.record(error.counted)
            throw APIError(error)
        }
    }

    /// A route that only administrators may use.
    func administering(
        _ method: String, _ path: String, _ routes: inout RouteTable,
        _ handler: @escaping @Sendable (Change) async throws -> PrometheusResponse
    ) {
        routes.on(method, path: base + path, traits: Self.changeTraits) { request in
            try await handler(try change(request))
        }
    }

    func change(_ request: PrometheusRequest) throws(APIError) -> Change {
        let administrator: Administrator
        do throws(AccessControl.Refusal) {
            administrator = try access.administrator(for: request.headers)
        } catch {
            metrics.record(error.counted)
            throw APIError(error)
        }
        if request.method != "GET" {
            try refuseForgery(request, isOpen: administrator.token == nil)
        }
        return Change(request: request, administrator: administrator, live: try live())
    }

    /// A browser sends the cookie of a session by itself, whoever made the page that asks.
    private func refuseForgery(
        _ request: PrometheusRequest, isOpen: Bool
    ) throws(APIError) {
        if access.isBySession(request.headers), request.headers[Sessions.csrfHeader] == nil {
            metrics.record(.forbidden)
            throw APIError(
                .forbidden,
                "with the cookie of a session this also needs the header \(Sessions.csrfHeader)")
        }
        if isOpen { try refuseForeignPages(request) }
    }

    /// Where no token is demanded, a page in a browser on this machine must not be able to change
    /// anything when it is of another origin. One whose name was made to point here is refused
    /// by its `Host` already.
    private func refuseForeignPages(_ request: PrometheusRequest) throws(APIError) {
        guard let origin = request.headers["Origin"]?.lowercased() else { return }
        let host = request.headers["Host"]?.lowercased()
        guard let host, origin == "http://\(host)" || origin == "https://\(host)" else {
            throw APIError(
                .forbidden, "without auth no page of another origin may make changes")
        }
    }

    func live() throws(APIError) -> ConfigurationReloader {
        guard let live = reference.live else {
            throw APIError(.unavailable, "the gateway is stopping")
        }
        return live
    }

    static func success(status: Int = 200, _ data: JSONValue? = nil) -> PrometheusResponse {
        var pairs: [(key: String, value: JSONValue)] = [("status", .string("success"))]
        if let data { pairs.append(("data", data)) }
        return .json(status: status, JSONValue.object(pairs).bytes)
    }
}

extension APIError {
    init(_ refusal: AccessControl.Refusal) {
        switch refusal {
        case .missing, .unknown: self.init(.unauthorized, refusal.text)
        case .notAdministrator, .foreignHost: self.init(.forbidden, refusal.text)
        }
    }
}

extension AdministrationRoutes {
    /// `/-/reload`, in the reference's words.
    func addReload(to routes: inout RouteTable) {
        for method in ["POST", "PUT"] {
            routes.on(method, path: base + "/-/reload", traits: .administering) { request in
                let change = try change(request)
                guard change.live.source != nil else {
                    return .text(status: 403, "Lifecycle API is not enabled.")
                }
                do throws(ConfigurationSource.Refused) {
                    try await change.live.reload()
                } catch {
                    return .text(
                        status: error.isUnavailable ? 503 : 500,
                        "failed to reload config: \(error)\n", noSniff: true)
                }
                audit.record(change.administrator, "reloads", "the configuration")
                return PrometheusResponse()
            }
        }
        routes.on("GET", path: base + "/-/reload", traits: []) { _ in
            .text(status: 405, "Only POST or PUT requests allowed")
        }
    }
}

extension APIError {
    /// What the API answers when the store refuses or fails.
    init(_ error: StoreError) {
        switch error {
        case .refused(let refusal):
            switch refusal {
            case .invalid(let errors):
                self.init(.badData, refusal.description)
                fields = errors.map { error in
                    let mend = error.mend.map { "; \($0)" } ?? ""
                    return Field(path: error.keyPath, message: error.problem + mend)
                }
            case .notFound: self.init(.notFound, refusal.description)
            case .conflict: self.init(.conflict, refusal.description)
            case .readOnly: self.init(.forbidden, refusal.description)
            }
        case .unavailable: self.init(.unavailable, error.description)
        }
    }
}

/// One line for each change that was made through the API: who and what, and never a key.
public struct AuditLog: Sendable {
    private let write: @Sendable (String) -> Void
    let changes = RecentChanges()

    public init(write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// Lines of a logger, said whatever its level is.
    public init(_ logger: Logger) {
        var logger = logger
        logger.logLevel = .info
        self.init { [logger] line in logger.info("\(line)") }
    }

    func record(_ administrator: Administrator, _ action: String, _ subject: String) {
        let subject = Self.oneLine(subject)
        write("\(administrator.description) \(action) \(subject)")
        changes.add(by: administrator.description, action, subject)
    }

    /// Names that strangers choose cannot forge a line.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }
}
