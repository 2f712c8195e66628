import GoText
import HTTPTransport
public import PrometheusWire
public import UpstreamSettings

/// How one member is reached and how far it is trusted.
public struct UpstreamConfiguration: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Requests beside questions that this member answers at once, and so HTTP/1.1 connections;
        /// further ones wait. Answers that wait for their reader do not count.
        public var concurrentRequests = 16
        /// The same of questions, those included whose answers are on their way. Prometheus takes
        /// 512 connections.
        public var concurrentAnswers = 256
        /// Bytes of one answer over the wire.
        public var responseBytes = 1 << 30
        /// How far one answer may inflate.
        public var inflate = InflateLimits(maximumBytes: 4 << 30)
        /// Bytes of one answer, as they came over the wire, that wait to be read before the member is made to wait.
        public var window = 1 << 20
        /// Bytes of an answer that is read wholly: metadata, build information.
        public var documentBytes = 64 << 20

        public init() {}
    }

    /// The project's name, as errors give it.
    public var name: String
    /// What is set for the member. A Prometheus has the whole HTTP API; another Coroot, or another
    /// gateway, has `query_range`, `series`, `metadata` and label values only, and everything else
    /// is emulated through them.
    public var source: UpstreamSource
    /// Header fields of a client's request that the member is sent.
    var forwarded: [NamedSecret] = []
    /// For name, connection and handshake.
    public var connectTimeout = Duration.seconds(5)
    /// How long keys of a role are kept although the member refuses requests that they sign.
    var roleKeysSettle = Duration.seconds(60)
    public var limits = Limits()
    public var scan = ResponseScanner.Limits()
    /// The gateway that asks, so that it knows its own requests when they come back to it; nil to
    /// send no hops.
    public var gateway: HopChain.Identity?
    /// Is told when the member goes and when it comes back.
    public var onEvent: MemberEventHandler?

    public init(name: String, source: UpstreamSource) {
        self.name = name
        self.source = source
    }

    /// Its requests share their places with those of the same project and kind.
    var lane: String { telemetry.map { "\(name) \($0.kind.rawValue)" } ?? name }

    /// What all kinds of members have.
    var connection: any UpstreamConnection { source.connection }

    /// URL of a proxy; nil for none, whatever the environment says.
    var proxy: String? {
        if case .prometheus(let source) = source { source.proxy?.description } else { nil }
    }

    /// Which series of the server the member has; nil for all.
    public var selector: ProjectSelector? {
        if case .prometheus(let source) = source { source.selector } else { nil }
    }

    func support(of endpoint: EndpointSupport.Endpoint) -> EndpointSupport.Support {
        switch source {
        case .prometheus(let source): source.capabilities.support(of: endpoint)
        case .remoteCoroot: EndpointSupport.coroot.support(of: endpoint)
        case .telemetry: .auto
        }
    }

    /// The header fields of a request by which the member knows who asks.
    var identification: [(name: String, value: String)] {
        switch source {
        case .remoteCoroot(let remote): return [("X-API-Key", remote.apiKey.exposed)]
        case .prometheus(let source):
            return Self.fields(of: source, source.headers + forwarded)
        case .telemetry(let source): return Self.fields(of: source, source.headers)
        }
    }

    private static func fields(
        of source: some CredentialedConnection, _ headers: [NamedSecret]
    ) -> [(name: String, value: String)] {
        let own = headers.map { (name: $0.name, value: $0.value.exposed) }
        switch source.credentials {
        case .none: return own
        // Each request has a token of its time.
        case .oauth2: return own
        // Each request has a signature of its own.
        case .sigV4: return own
        case .basic(let user, let password):
            let value = BasicCredentials.value(user: user, password: password.exposed)
            return [("Authorization", value)] + own
        case .bearer(let token):
            return [("Authorization", "Bearer \(token.exposed)")] + own
        }
    }
}

extension UpstreamConfiguration {
    /// All that must not be printed, and that the member may repeat in what it says.
    var secrets: [Secret] { connection.secrets + forwarded.map(\.value) }

    /// Whether header fields of clients are passed on to the member.
    var isForwarding: Bool {
        if case .prometheus(let source) = source { !source.forwardHeaders.isEmpty } else { false }
    }

    /// Everything that the member's answers to queries depend on, besides the query: the same text
    /// in every gateway that asks the same server in the same way. It holds secrets.
    var askedAs: String {
        let connection = connection
        var fields: [String?] = [
            connection.url.description, proxy, connection.tls.serverName, connection.tls.certFile,
            support(of: .instantQuery).rawValue, support(of: .stepGrid).rawValue,
        ]
        switch source {
        case .prometheus: fields.append("prometheus")
        case .remoteCoroot(let remote):
            fields.append("remoteCoroot \(remote.metricResolution.wholeMilliseconds)")
        case .telemetry(let source): fields.append(source.kind.rawValue)
        }
        for (name, value) in identification { fields += ["header", name, value] }
        fields += provenAs
        for parameter in connection.queryParameters {
            fields += ["parameter", parameter.name, parameter.value.exposed]
        }
        if let selector { fields += ["selector", selector.description, selector.hiddenLabel] }
        return FieldText.of(fields)
    }
}

extension UpstreamConfiguration {
    /// By which credentials tokens are asked for or signatures made, which change.
    private var provenAs: [String?] {
        guard case .prometheus(let source) = source else { return [] }
        switch source.credentials {
        case .none, .basic, .bearer: return []
        case .oauth2(let settings):
            var fields: [String?] = [
                "oauth2", settings.clientID, settings.clientSecret.exposed,
                settings.tokenURL.description,
            ]
            for scope in settings.scopes { fields += ["scope", scope] }
            for parameter in settings.endpointParameters {
                fields += ["parameter", parameter.name, parameter.value.exposed]
            }
            return fields
        case .sigV4(let settings):
            return [
                "sigv4", settings.region, settings.service, settings.accessKey,
                settings.secretKey.exposed, settings.sessionToken?.exposed, settings.role?.arn,
                settings.role?.externalID, settings.role?.endpoint(in: settings.region),
            ]
        }
    }

    /// By which requests are signed; nil where they are not.
    var signing: SigV4Settings? {
        guard case .prometheus(let source) = source, case .sigV4(let settings) = source.credentials
        else { return nil }
        return settings
    }
}

extension TransferTLS {
    init(_ settings: TLSSettings) {
        self.init(
            authorities: settings.caFile.map { .file($0) },
            certificate: settings.certFile.map { .file($0) },
            key: settings.keyFile.map { .file($0) }, serverName: settings.serverName,
            verifies: !settings.skipVerify,
            minimumVersion: settings.minVersion == .v13 ? .v13 : .v12)
    }
}

/// The value of `Authorization` for a user and a password (RFC 7617).
enum BasicCredentials {
    static func value(user: String, password: String) -> String {
        "Basic " + base64(Array("\(user):\(password)".utf8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for index in 0..<3 {
                bits = bits << 8 | (index < group.count ? Int(group[start + index]) : 0)
            }
            for index in 0..<4 {
                out.append(
                    index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : 0x3D)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
