import GatewayConfiguration
import HTTPTransport
import Upstream

/// The clients of a configuration, over the gateway's transport: one for every project that can be
/// reached, and for every cluster.
struct UpstreamClients: Sendable {
    let projects: [String: UpstreamClient]
    let clusters: [String: UpstreamClient]

    /// What each client was made of, so that it can be kept.
    private let origins: [Place: Origin]

    private enum Place: Hashable {
        case project(String)
        case cluster(String)
    }

    private struct Origin: Hashable {
        var source: Cluster.Source
        var responseBytes: Int
        var inflatedBytes: Int
    }

    /// - Parameters:
    ///   - transport: What requests go over; the caller shuts it down.
    ///   - old: Clients of an earlier configuration, over the same transport. Those whose member is
    ///     still the same are kept, with all that is known about the member.
    ///   - gateway: What requests to members are marked with.
    init(
        _ configuration: Configuration, transport: CurlMulti, reusing old: UpstreamClients? = nil,
        gateway: HopChain.Identity? = nil
    ) {
        var origins: [Place: Origin] = [:]
        func client(_ name: String, _ source: Cluster.Source, at place: Place) -> UpstreamClient {
            let origin = Origin(
                source: source, responseBytes: configuration.limits.maxResponseBytes,
                inflatedBytes: configuration.limits.maxInflatedBytes)
            origins[place] = origin
            if let old, old.origins[place] == origin, let client = old.client(at: place) {
                return client
            }
            var member: UpstreamConfiguration
            switch source {
            case .prometheus(let source): member = UpstreamConfiguration(name, source)
            case .remoteCoroot(let remote): member = UpstreamConfiguration(name, remote)
            }
            member.gateway = gateway
            member.limits.responseBytes = origin.responseBytes
            member.limits.inflate = InflateLimits(maximumBytes: origin.inflatedBytes)
            return UpstreamClient(member, transport: transport)
        }
        var clusters: [String: UpstreamClient] = [:]
        for cluster in configuration.clusters {
            clusters[cluster.name] = client(
                cluster.name, cluster.source, at: .cluster(cluster.name))
        }
        var projects: [String: UpstreamClient] = [:]
        for project in configuration.projects {
            let source: Cluster.Source
            switch project.kind {
            case .prometheus(let prometheus): source = .prometheus(prometheus)
            case .remoteCoroot(let remote): source = .remoteCoroot(remote)
            case .clusterPool, .multiCluster, .misconfigured: continue
            }
            projects[project.name] = client(project.name, source, at: .project(project.name))
        }
        self.clusters = clusters
        self.projects = projects
        self.origins = origins
    }

    private func client(at place: Place) -> UpstreamClient? {
        switch place {
        case .project(let name): projects[name]
        case .cluster(let name): clusters[name]
        }
    }

    /// The client that a pool means by a name: a cluster, else a regular or remote project.
    func cluster(_ name: String) -> UpstreamClient? { clusters[name] ?? projects[name] }

    /// Everybody, for metrics. A cluster with the name of a project is told apart from it.
    var named: [(name: String, client: UpstreamClient)] {
        projects.map { (name: $0.key, client: $0.value) }
            + clusters.map {
                (name: projects[$0.key] == nil ? $0.key : "cluster \($0.key)", client: $0.value)
            }
    }
}

extension UpstreamConfiguration {
    fileprivate init(_ name: String, _ source: PrometheusSource) {
        let authorization: Authorization =
            switch source.credentials {
            case .none: .none
            case .basic(let username, let password):
                .basic(user: username, password: Redacted(password))
            case .bearer(let token): .bearer(Redacted(token))
            }
        self.init(
            name: name, baseURL: source.url.description, authorization: authorization,
            headers: source.headers.map {
                Header(name: $0.name, value: Redacted($0.value))
            }, tls: TransferTLS(source.tls), timeout: source.timeout,
            acceptEncoding: AcceptEncoding(source.acceptEncoding),
            endpoints: Upstream.EndpointSupport(source.capabilities),
            externalLabels: source.externalLabels.map { labels in
                labels.sorted { $0.key < $1.key }.map {
                    ExternalLabel(name: $0.key, value: $0.value)
                }
            })
    }

    fileprivate init(_ name: String, _ remote: RemoteCoroot) {
        self.init(
            name: name, baseURL: remote.url.description,
            kind: .remoteCoroot(resolution: remote.metricResolution),
            authorization: .apiKey(Redacted(remote.apiKey)),
            tls: TransferTLS(remote.tls), timeout: remote.timeout,
            acceptEncoding: AcceptEncoding(remote.acceptEncoding))
    }
}

extension Redacted {
    /// One that comes from a file follows the file.
    fileprivate init(_ secret: Secret) { self.init(values: { secret.exposedValues }) }
}

extension Upstream.EndpointSupport {
    fileprivate init(_ support: GatewayConfiguration.EndpointSupport) {
        self.init(
            instantQuery: Support(support.instantQuery), labelNames: Support(support.labelNames),
            labelValues: Support(support.labelValues), stepGrid: Support(support.stepGrid))
    }
}

extension Upstream.EndpointSupport.Support {
    fileprivate init(_ support: GatewayConfiguration.EndpointSupport.Support) {
        switch support {
        case .auto: self = .auto
        case .native: self = .native
        case .emulated: self = .emulated
        }
    }
}

extension UpstreamConfiguration.AcceptEncoding {
    fileprivate init(_ encoding: GatewayConfiguration.AcceptEncoding) {
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
