import Members
import Projects

/// The clients of a configuration, over one transport: one for every project that can be reached,
/// and for every cluster.
struct MemberClients: Sendable {
    let byName: [String: MemberClient]
    /// Stands in for members that are out of service.
    let unreachable: MemberClient
    let transport: CurlMulti

    /// - Throws: `TransferError` when the transport cannot be set up.
    init(_ configuration: Configuration) throws {
        let transport = try CurlMulti()
        self.transport = transport
        unreachable = MemberClient(
            // Of the kind that is never asked for its version.
            MemberConfiguration(
                name: "", baseURL: "http://out-of-service.invalid",
                kind: .remoteCoroot(resolution: RemoteCoroot.defaultResolution)),
            transport: transport)
        var byName: [String: MemberClient] = [:]
        func add(_ name: String, _ member: MemberConfiguration) {
            var member = member
            member.limits.responseBytes = configuration.limits.maxResponseBytes
            member.limits.inflate = InflateLimits(
                maximumBytes: configuration.limits.maxInflatedBytes)
            byName[name] = MemberClient(member, transport: transport)
        }
        for cluster in configuration.clusters {
            switch cluster.source {
            case .prometheus(let source):
                add(cluster.name, MemberConfiguration(cluster.name, source))
            case .remoteCoroot(let remote):
                add(cluster.name, MemberConfiguration(cluster.name, remote))
            }
        }
        for project in configuration.projects {
            switch project.kind {
            case .prometheus(let source):
                add(project.name, MemberConfiguration(project.name, source))
            case .remoteCoroot(let remote):
                add(project.name, MemberConfiguration(project.name, remote))
            case .clusterPool, .multiCluster, .misconfigured: break
            }
        }
        self.byName = byName
    }
}

extension MemberConfiguration {
    fileprivate init(_ name: String, _ source: PrometheusSource) {
        let authorization: Authorization =
            switch source.credentials {
            case .none: .none
            case .basic(let username, let password):
                .basic(user: username, password: Redacted(password.exposed))
            case .bearer(let token): .bearer(Redacted(token.exposed))
            }
        self.init(
            name: name, baseURL: source.url.description, authorization: authorization,
            headers: source.headers.map {
                Header(name: $0.name, value: Redacted($0.value.exposed))
            }, tls: TransferTLS(source.tls), timeout: source.timeout,
            acceptEncoding: AcceptEncoding(source.acceptEncoding))
    }

    fileprivate init(_ name: String, _ remote: RemoteCoroot) {
        self.init(
            name: name, baseURL: remote.url.description,
            kind: .remoteCoroot(resolution: remote.metricResolution),
            authorization: .apiKey(Redacted(remote.apiKey.exposed)),
            tls: TransferTLS(remote.tls), timeout: remote.timeout,
            acceptEncoding: AcceptEncoding(remote.acceptEncoding))
    }
}

extension MemberConfiguration.AcceptEncoding {
    fileprivate init(_ encoding: Projects.AcceptEncoding) {
        switch encoding {
        case .auto: self = .auto
        case .gzip: self = .gzip
        case .identity: self = .identity
        }
    }
}

extension TransferTLS {
    fileprivate init(_ settings: TLSSettings) {
        self.init(
            authorities: settings.caFile.map { .file($0) },
            certificate: settings.certFile.map { .file($0) },
            key: settings.keyFile.map { .file($0) }, serverName: settings.serverName,
            verifies: !settings.skipVerify)
    }
}
