import Members
import Projects

/// The clients of a configuration, over one transport: one for every project that can be reached,
/// and for every cluster.
struct MemberClients: Sendable {
    let projects: [String: MemberClient]
    let clusters: [String: MemberClient]
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
        func client(_ member: MemberConfiguration) -> MemberClient {
            var member = member
            member.limits.responseBytes = configuration.limits.maxResponseBytes
            member.limits.inflate = InflateLimits(
                maximumBytes: configuration.limits.maxInflatedBytes)
            return MemberClient(member, transport: transport)
        }
        var clusters: [String: MemberClient] = [:]
        for cluster in configuration.clusters {
            switch cluster.source {
            case .prometheus(let source):
                clusters[cluster.name] = client(MemberConfiguration(cluster.name, source))
            case .remoteCoroot(let remote):
                clusters[cluster.name] = client(MemberConfiguration(cluster.name, remote))
            }
        }
        var projects: [String: MemberClient] = [:]
        for project in configuration.projects {
            switch project.kind {
            case .prometheus(let source):
                projects[project.name] = client(MemberConfiguration(project.name, source))
            case .remoteCoroot(let remote):
                projects[project.name] = client(MemberConfiguration(project.name, remote))
            case .clusterPool, .multiCluster, .misconfigured: break
            }
        }
        self.clusters = clusters
        self.projects = projects
    }

    /// Whoever goes by a cluster's name: a cluster, else a regular or remote project.
    func cluster(_ name: String) -> MemberClient? { clusters[name] ?? projects[name] }

    /// Everybody, for metrics. A cluster with the name of a project is told apart from it.
    var named: [(name: String, client: MemberClient)] {
        projects.map { (name: $0.key, client: $0.value) }
            + clusters.map {
                (name: projects[$0.key] == nil ? $0.key : "cluster \($0.key)", client: $0.value)
            }
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
