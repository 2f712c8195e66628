public import UpstreamSettings

/// Where a multi-cluster project finds members that no file names: `discovery`.
public struct MemberDiscovery: Sendable, Hashable {
    /// A server that tells them in the JSON of Prometheus's HTTP service discovery.
    public struct Server: Sendable, Hashable {
        public static let defaultInterval = Duration.seconds(60)

        /// The whole URL without its query.
        public var url: ServerURL
        /// "" or a query with its `?`. It may hold a secret.
        public var query = ""
        /// Between two questions.
        public var interval = Server.defaultInterval

        public init(url: ServerURL) { self.url = url }
    }

    public var server: Server?
    /// Files with the same, as JSON or as YAML.
    public var files: [FilePattern] = []

    public init() {}

    public var isEmpty: Bool { server == nil && files.isEmpty }

    /// The server, then the files.
    public var sources: [DiscoverySource] {
        (server.map { [.server($0)] } ?? []) + (files.isEmpty ? [] : [.files(files)])
    }
}

/// What is asked again and again for projects, or for servers of pools and replicas.
public enum DiscoverySource: Sendable, Hashable, CustomStringConvertible {
    case server(MemberDiscovery.Server)
    case files([FilePattern])
    case names(NameDiscovery)

    /// `http`, `file` or `dns`.
    public var kind: String {
        switch self {
        case .server: "http"
        case .files: "file"
        case .names: "dns"
        }
    }

    /// A URL, paths or names, without what may be a secret.
    public var description: String {
        switch self {
        case .server(let server): server.url.description
        case .files(let patterns): patterns.map(\.description).joined(separator: ", ")
        case .names(let names): "\(names.type.rawValue) \(names.names.joined(separator: ", "))"
        }
    }
}

/// What sources told so far. It is a part of the configuration in force.
public struct Findings: Sendable, Hashable {
    /// What one answer holds.
    public enum Found: Sendable, Hashable {
        case projects([Project])
        /// Servers of a pool, or replicas.
        case clusters([Cluster])

        /// Names, in the order of the answer.
        public var names: [String] {
            switch self {
            case .projects(let projects): projects.map(\.name)
            case .clusters(let clusters): clusters.map(\.name)
            }
        }
    }

    public struct Finding: Sendable, Hashable {
        /// The last answer that could be used; nil where there was none.
        public var found: Found?
        /// Why the answer after that could not be used; nil when it could.
        public var problem: String?

        public init(_ found: Found? = nil, problem: String? = nil) {
            self.found = found
            self.problem = problem
        }

        var projects: [Project]? {
            guard case .projects(let projects)? = found else { return nil }
            return projects
        }

        var clusters: [Cluster] {
            guard case .clusters(let clusters)? = found else { return [] }
            return clusters
        }
    }

    /// Grows with each change.
    public var revision = 0
    public var bySource: [DiscoverySource: Finding] = [:]

    public init() {}
}

extension Configuration {
    /// What the projects in it ask for members and replicas, and pools for servers, each source once.
    public var discoverySources: Set<DiscoverySource> {
        Set(projects.flatMap(\.memberChoice.discovery.sources))
            .union(projects.flatMap(\.replicaSources))
            .union(clusterPools.compactMap { $0.discovery.map { .names($0) } })
    }

    /// The configuration with the servers of pools that are found. One of a name that a cluster has is
    /// that cluster.
    var withFoundClusters: Configuration {
        var configuration = self
        var known = Set(clusters.map(\.name))
        for index in clusterPools.indices {
            guard let discovery = clusterPools[index].discovery else { continue }
            for cluster in findings.bySource[.names(discovery)]?.clusters ?? [] {
                if known.insert(cluster.name).inserted { configuration.clusters.append(cluster) }
                if !configuration.clusterPools[index].clusters.contains(cluster.name) {
                    configuration.clusterPools[index].clusters.append(cluster.name)
                }
            }
        }
        return configuration
    }

    /// The configuration with the projects that are found. A name that is taken stays what it is; that
    /// is a problem of the source.
    var withFoundProjects: Configuration {
        var configuration = self
        var taken = Dictionary(projects.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        for index in projects.indices {
            for source in projects[index].memberChoice.discovery.sources {
                let finding = findings.bySource[source]
                guard let found = finding?.projects else {
                    configuration.projects[index].silentSources.append(
                        SilentSource(
                            name: source.description,
                            reason: finding?.problem ?? "it was not asked for members so far"))
                    continue
                }
                for project in found {
                    let project = project.checked(againstPartitionLabel: partitionLabel)
                    if let other = taken[project.name] {
                        guard configuration.foundNames[project.name] != nil, other == project else {
                            let problem =
                                "project \(project.name): the name is taken by another project; "
                                + "give every project a name of its own"
                            configuration.findings.bySource[source]?.problem =
                                finding?.problem ?? problem
                            continue
                        }
                    } else {
                        taken[project.name] = project
                        configuration.projects.append(project)
                        configuration.foundNames[project.name] = source
                    }
                    configuration.projects[index].foundMembers.insert(project.name)
                }
            }
        }
        return configuration
    }
}
