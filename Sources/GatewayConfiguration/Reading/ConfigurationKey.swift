import UpstreamSettings

/// The keys of one kind of mapping. Reading, the refusal of unknown keys and the check of
/// docs/configuration.md all go by the same cases.
protocol ConfigurationKey: RawRepresentable<String>, CaseIterable, Hashable {
    /// Other spellings that are accepted.
    static var aliases: [String: Self] { get }
    /// Keys that Coroot knows and that mean nothing to a gateway of metrics.
    static var ignored: Set<String> { get }
    /// Keys of former versions, and what to do instead.
    static var removed: [String: String] { get }
}

extension ConfigurationKey {
    static var aliases: [String: Self] { [:] }
    static var ignored: Set<String> { [] }
    static var removed: [String: String] { [:] }
}

/// Keys by section.
enum ConfigurationKeys {
    enum Root: String, ConfigurationKey {
        case listenAddress = "listen_address"
        case urlBasePath = "url_base_path"
        case dataDirectory = "data_dir"
        case postgres
        case defaultProject, partitionLabel, auth, query, limits
        case globalPrometheus, projects, clusters, clusterPools, clusterPoolAttributes
        case clusterPoolAssignments, bucketRule

        static var aliases: [String: Root] {
            [
                "listenAddress": .listenAddress, "urlBasePath": .urlBasePath,
                "dataDir": .dataDirectory, "global_prometheus": .globalPrometheus,
            ]
        }
    }

    enum Project: String, ConfigurationKey {
        case name, prometheus, remoteCoroot, clusterPool, memberProjects, apiKeys
        case partialResponse, exactness

        static var aliases: [String: Project] { ["api_keys": .apiKeys] }
        static var ignored: Set<String> {
            [
                "notificationIntegrations", "applicationCategories", "customApplications",
                "alertingRules", "inspectionOverrides",
            ]
        }
    }

    enum Prometheus: String, ConfigurationKey {
        case url, basicAuth, bearerToken, bearerTokenFile, headers, tls, tlsSkipVerify
        case acceptEncoding, timeout, capabilities, externalLabels
    }

    enum Capabilities: String, ConfigurationKey {
        case instantQuery, labelNames, labelValues, stepGrid
    }

    enum BasicAuth: String, ConfigurationKey { case username, password, passwordFile }

    enum TLS: String, ConfigurationKey { case caFile, certFile, keyFile, serverName, skipVerify }

    enum RemoteCoroot: String, ConfigurationKey {
        case url, apiKey, apiKeySecret, metricResolution, tlsSkipVerify, tls, acceptEncoding
        case timeout
    }

    enum APIKey: String, ConfigurationKey { case key, keySecret, description }

    enum SecretReference: String, ConfigurationKey { case name, key }

    enum Cluster: String, ConfigurationKey {
        case name, prometheus, remoteCoroot, storage, enabled
    }

    enum Storage: String, ConfigurationKey { case bucketName }

    enum PoolAttribute: String, ConfigurationKey {
        case project, domain, workflow, clusterPoolName
    }

    enum PoolAssignments: String, ConfigurationKey { case projects, domains }

    enum Auth: String, ConfigurationKey { case tokens, anonymous }

    enum Postgres: String, ConfigurationKey {
        case connectionString = "connection_string"

        static var aliases: [String: Postgres] { ["connectionString": .connectionString] }
    }

    enum Token: String, ConfigurationKey {
        case name, token, tokenFile, tokenHash, projects, admin
    }

    enum Query: String, ConfigurationKey {
        case lookback, timeout, maxSamples, maxConcurrency, defaultSubqueryStep, hedgeAfter
        case rangeBoundary, features
    }

    enum Limits: String, ConfigurationKey {
        case maxQueueMemory, maxAnswerMemory
        case maxQueryBytes, maxMemberRequests, maxMemberConcurrency, maxSeries
        case maxResponseBytes, maxInflatedBytes, heldAnswerBytes, maxConnections, maxHeaderBytes
        case maxFormBytes, idleTimeout, shutdownGrace

        static let removed = [
            "maxQueuedQueries":
                "waiting queries are no longer counted; limits.maxQueueMemory bounds what they cost"
        ]
    }
}

extension Configuration {
    /// Every key a configuration file may hold, as paths: `projects[].prometheus.url`. A mapping
    /// with names of the user's own choice shows them as `<name>`.
    public static let keyPaths: [String] = {
        typealias Keys = ConfigurationKeys
        func paths<Key: ConfigurationKey>(_ prefix: String, _: Key.Type) -> [String] {
            Key.allCases.map { prefix + $0.rawValue }
        }
        func prometheus(_ prefix: String) -> [String] {
            paths(prefix, Keys.Prometheus.self)
                + paths("\(prefix)basicAuth.", Keys.BasicAuth.self)
                + ["\(prefix)headers.<name>"] + paths("\(prefix)tls.", Keys.TLS.self)
                + paths("\(prefix)capabilities.", Keys.Capabilities.self)
                + ["\(prefix)externalLabels.<name>"]
        }
        func remote(_ prefix: String) -> [String] {
            paths(prefix, Keys.RemoteCoroot.self)
                + paths("\(prefix)apiKeySecret.", Keys.SecretReference.self)
                + paths("\(prefix)tls.", Keys.TLS.self)
        }
        return paths("", Keys.Root.self) + prometheus("globalPrometheus.")
            + paths("projects[].", Keys.Project.self) + prometheus("projects[].prometheus.")
            + remote("projects[].remoteCoroot.")
            + paths("projects[].apiKeys[].", Keys.APIKey.self)
            + paths("projects[].apiKeys[].keySecret.", Keys.SecretReference.self)
            + paths("clusters[].", Keys.Cluster.self) + prometheus("clusters[].prometheus.")
            + remote("clusters[].remoteCoroot.") + paths("clusters[].storage.", Keys.Storage.self)
            + ["clusterPools.<name>"]
            + paths("clusterPoolAttributes[].", Keys.PoolAttribute.self)
            + paths("clusterPoolAssignments.", Keys.PoolAssignments.self)
            + Keys.PoolAssignments.allCases.map { "clusterPoolAssignments.\($0.rawValue).<name>" }
            + paths("postgres.", Keys.Postgres.self)
            + paths("auth.", Keys.Auth.self) + paths("auth.tokens[].", Keys.Token.self)
            + paths("query.", Keys.Query.self) + paths("limits.", Keys.Limits.self)
    }()
}
