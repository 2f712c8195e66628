import UpstreamSettings

/// The keys of a section that is read key by key, because what is right in one depends on others.
protocol ConfigurationKey: RawRepresentable<String>, CaseIterable, Hashable {
    /// The name under which the schema defines the section once; nil where it has one place.
    static var definition: String? { get }
    /// Other spellings that are accepted.
    static var aliases: [String: Self] { get }
    /// Keys that Coroot knows and that mean nothing to a gateway of metrics.
    static var ignored: Set<String> { get }
    /// Keys of Coroot's without which the rest would mean something else, and what to do instead.
    static var refused: [String: String] { get }
    /// Keys behind those of the type that are read by themselves, each by a row of a table.
    static var others: [SectionShape.Key] { get }
    /// What may stand there.
    var meaning: KeyMeaning { get }
}

/// What may stand at a key, and what the schema says of it.
struct KeyMeaning {
    var type: SettingType
    var text: String
    var standard: SchemaValue?
    var isRequired: Bool

    init(
        _ type: SettingType, _ text: String, standard: SchemaValue? = nil, isRequired: Bool = false
    ) {
        self.type = type
        self.text = text
        self.standard = standard
        self.isRequired = isRequired
    }

    static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        of standard: Choice, _ text: String
    ) -> KeyMeaning {
        KeyMeaning(
            .choice(Choice.allCases.map(\.rawValue)), text, standard: .text(standard.rawValue))
    }

    static func flag(_ standard: Bool, _ text: String) -> KeyMeaning {
        KeyMeaning(.flag, text, standard: .flag(standard))
    }
}

extension ConfigurationKey {
    static var definition: String? { nil }
    static var aliases: [String: Self] { [:] }
    static var ignored: Set<String> { [] }
    static var refused: [String: String] { [:] }
    static var others: [SectionShape.Key] { [] }

    static var shape: SectionShape {
        var shape = SectionShape(
            definition: definition,
            allCases.map { key in
                let meaning = key.meaning
                return SectionShape.Key(
                    name: key.rawValue, type: meaning.type, text: meaning.text,
                    standard: meaning.standard, isRequired: meaning.isRequired)
            } + others)
        shape.aliases = aliases.mapValues(\.rawValue)
        shape.ignored = ignored
        shape.refused = refused
        return shape
    }
}

/// Keys by section.
enum ConfigurationKeys {
    enum Root: String, ConfigurationKey {
        case listenAddress = "listen_address"
        case tls
        case urlBasePath = "url_base_path"
        case dataDirectory = "data_dir"
        case postgres
        case defaultProject, partitionLabel, auth, query, limits, cache, probes, log, tracing, web
        case globalPrometheus, globalLoki, globalTempo, globalPyroscope, projects, projectFiles,
            clusters, clusterPools, clusterPoolAttributes
        case clusterPoolAssignments, bucketRule

        static var aliases: [String: Root] {
            [
                "listenAddress": .listenAddress, "urlBasePath": .urlBasePath,
                "dataDir": .dataDirectory, "global_prometheus": .globalPrometheus,
            ]
        }
        static var ignored: Set<String> {
            [
                "ai", "clickhouse_space_manager", "corootCloud", "developer_mode",
                "disableBuiltinAlerts", "disable_usage_statistics", "do_not_check_for_deployments",
                "do_not_check_for_updates", "global_clickhouse", "grpc", "logs", "metrics",
                "profiles", "sso", "traces",
            ]
        }
        static var refused: [String: String] {
            [
                "https_listen_address":
                    "write it as listen_address: with tls the gateway speaks nothing but TLS there",
                "http_disabled": "remove it: with tls the gateway speaks nothing but TLS",
            ]
        }

        var meaning: KeyMeaning {
            switch self {
            case .listenAddress:
                KeyMeaning(
                    .text, "host:port. An address that other machines can reach needs auth.",
                    standard: .text(Configuration.defaultListenAddress.description))
            case .tls:
                KeyMeaning(
                    .section(ServerTLSSection.table.shape),
                    "Speaks TLS with clients, instead of plain HTTP.")
            case .urlBasePath: KeyMeaning(.text, "Everything is served below this path.")
            case .dataDirectory: KeyMeaning(.text, "Where state that users create is kept.")
            case .postgres:
                KeyMeaning(.section(Postgres.shape), "Keeps the state in PostgreSQL instead.")
            case .defaultProject:
                KeyMeaning(
                    .projectName, "The project of /api/v1/... for requests without a project's key."
                )
            case .partitionLabel:
                KeyMeaning(
                    .text, "The label that tells members apart.",
                    standard: .text(Configuration.defaultPartitionLabel))
            case .auth: KeyMeaning(.section(Auth.shape), "Who may read.")
            case .query:
                KeyMeaning(.section(QuerySection.table.shape), "How queries are evaluated.")
            case .limits:
                KeyMeaning(
                    .section(LimitsSection.table.shape),
                    "What one request, member or client may cost.")
            case .cache:
                KeyMeaning(
                    .section(CacheSection.table.shape),
                    "Keeps what members answered about times that do not change any more.")
            case .probes:
                KeyMeaning(
                    .section(ProbesSection.table.shape),
                    "Finds out in the background whether members are there.")
            case .log:
                KeyMeaning(
                    .section(LogSection.table.shape), "What the gateway says about itself, and how."
                )
            case .tracing:
                KeyMeaning(
                    .section(TracingSection.table.shape),
                    "Sends spans of requests to a collector, over OTLP.")
            case .web: KeyMeaning(.section(WebSection.table.shape), "The web page.")
            case .globalPrometheus:
                KeyMeaning(
                    .section(PrometheusSection.table.shape),
                    "The Prometheus of regular projects that name none of their own.")
            case .globalLoki: ConfigurationKeys.shared(.loki)
            case .globalTempo: ConfigurationKeys.shared(.tempo)
            case .globalPyroscope: ConfigurationKeys.shared(.pyroscope)
            case .projects: KeyMeaning(.sections(Project.shape), "Named sources of series.")
            case .projectFiles:
                KeyMeaning(
                    .names,
                    "Files with further projects, as projects.d/*.yaml, beside this file; a change of "
                        + "one is in force within seconds.")
            case .clusters:
                KeyMeaning(
                    .sections(Cluster.shape),
                    "Places that can answer for the pools they are in.")
            case .clusterPools:
                KeyMeaning(
                    .poolMapping,
                    "Clusters of which any one may answer, by the pool's name; default answers "
                        + "when nothing else is set.")
            case .clusterPoolAttributes:
                KeyMeaning(
                    .sections(PoolAttribute.shape),
                    "Which pool answers for a project and domain, or for one workflow in them.")
            case .clusterPoolAssignments:
                KeyMeaning(
                    .section(PoolAssignments.shape),
                    "Pools for requests that no attribute speaks of.")
            case .bucketRule:
                .choice(of: BucketRule.enforce, "Whether a violated bucket rule stops the start.")
            }
        }
    }

    enum Project: String, ConfigurationKey {
        case name, prometheus, replicas, replicaLabels, dedup, remoteCoroot, clusterPool
        case loki, tempo, pyroscope
        case memberProjects, apiKeys

        static var definition: String? { "project" }
        static var others: [SectionShape.Key] { settings.shape.keys }
        static var aliases: [String: Project] { ["api_keys": .apiKeys] }
        static var ignored: Set<String> {
            [
                "notificationIntegrations", "applicationCategories", "customApplications",
                "alertingRules", "inspectionOverrides",
            ]
        }

        var meaning: KeyMeaning {
            switch self {
            case .name:
                KeyMeaning(
                    .projectName,
                    "The value of the partition label and the name in /p/<name>/api/v1/...",
                    isRequired: true)
            case .prometheus: ConfigurationKeys.prometheus
            case .replicas:
                KeyMeaning(
                    .sections(ReplicaSection.table.shape),
                    "Servers that scrape the same targets, the preferred one first.")
            case .replicaLabels:
                KeyMeaning(
                    .names, "Labels that tell the replicas apart; they are taken off all answers.")
            case .dedup:
                .choice(
                    of: ReplicaGroup.Deduplication.auto,
                    "raw merges the samples of the replicas for every query, auto where the "
                        + "preferred one lacks some.")
            case .remoteCoroot: ConfigurationKeys.remoteCoroot
            case .clusterPool:
                KeyMeaning(
                    .text,
                    "A pool of which any one cluster answers; attributes lets "
                        + "clusterPoolAttributes choose it for each request.")
            case .loki: ConfigurationKeys.telemetry(.loki)
            case .tempo: ConfigurationKeys.telemetry(.tempo)
            case .pyroscope: ConfigurationKeys.telemetry(.pyroscope)
            case .memberProjects:
                KeyMeaning(
                    .names,
                    "Regular projects that stand earlier in the file, and wildcards, as prod-*, for "
                        + "all that fit, now and later.")
            case .apiKeys:
                KeyMeaning(
                    .sections(APIKey.shape), "Keys that choose this project and let it be read.")
            }
        }

        private static let externalURL = Setting<GatewayConfiguration.Project>(
            "externalUrl", .text,
            "Where people see the source's own page, as http://prometheus.example; the web page links "
                + "to it.",
            read: { section, project, reader in
                guard let text = section.text("externalUrl", &reader.report), !text.isEmpty else {
                    return true
                }
                do throws(ServerURL.Problem) {
                    project.externalURL = try ServerURL(text)
                } catch {
                    reader.report.error(
                        at: section.place(of: "externalUrl"), subject: section.subject,
                        "the URL \(error.text)", mend: "write it as https://prometheus.example")
                }
                return true
            }, write: { project in project.externalURL.map { .text($0.description) } })

        /// Settings that a project of any source has.
        static let settings = SettingsTable<GatewayConfiguration.Project>(
            blank: GatewayConfiguration.Project(name: "", kind: .multiCluster(members: [])),
            [
                .choice("partialResponse", \.partialResponse, "What a missing member does."),
                externalURL,
                .choice(
                    "exactness", \.exactness,
                    "Whether sums over members may be split in two steps; strict also reads native "
                        + "histograms as they are stored."),
                .section(
                    "timeRange", \.timeRange, TimeRangeSection.table,
                    "What times the source has samples of; it is not asked for others."),
                Setting(
                    "labels",
                    .mapping(names: StaticLabelRules.pattern, most: StaticLabelRules.most),
                    "Labels that all series of a regular project get beside the partition label.",
                    read: { section, project, reader in
                        project.labels = reader.readLabels("labels", section)
                        return true
                    },
                    write: { project in
                        let labels = project.labels.sorted { $0.key < $1.key }
                        return labels.isEmpty
                            ? nil : .braces(labels.map { .init($0.key, .text($0.value)) })
                    }),
                Setting(
                    "memberSelector",
                    .mapping(names: StaticLabelRules.pattern, most: StaticLabelRules.most),
                    "Static labels; all projects that have them are members, now and later.",
                    read: { section, project, reader in
                        project.memberChoice.labels = reader.readLabels("memberSelector", section)
                        return true
                    },
                    write: { project in
                        let labels = project.memberChoice.labels.sorted { $0.key < $1.key }
                        return labels.isEmpty
                            ? nil : .braces(labels.map { .init($0.key, .text($0.value)) })
                    }),
                .section(
                    "discovery", \.memberChoice.discovery, DiscoverySection.table,
                    "Where a multi-cluster project finds members that no file names."),
                .part(
                    "selector", .nonEmptyText,
                    "Which series of the Prometheus are the project's, as {cluster=\"eu\"}; all by "
                        + "default."
                ) { $0.selector.map { .text($0.description) } },
                .part(
                    "keepLabel", .flag,
                    "Whether answers show the label of a selector with one =; false takes it off.",
                    standard: .flag(true)
                ) { $0.selector?.hiddenLabel == nil ? nil : .flag(false) },
            ])
    }

    private static var prometheus: KeyMeaning {
        KeyMeaning(
            .section(PrometheusSection.table.shape), "A server with the Prometheus API.")
    }

    private static var remoteCoroot: KeyMeaning {
        KeyMeaning(
            .section(RemoteCorootSection.table.shape), "A project of another Coroot or Tributary.")
    }

    enum ProjectFile: String, ConfigurationKey {
        case projects

        var meaning: KeyMeaning {
            KeyMeaning(.sections(Project.shape), "As in the configuration file.", isRequired: true)
        }
    }

    /// Of what a source of members tells.
    enum TargetGroup: String, ConfigurationKey {
        case targets, labels

        var meaning: KeyMeaning {
            switch self {
            case .targets: KeyMeaning(.names, "As host:port, one project each.", isRequired: true)
            case .labels: KeyMeaning(.mapping(), "What names the project and what it carries.")
            }
        }
    }

    enum APIKey: String, ConfigurationKey {
        case key, keySecret, description

        var meaning: KeyMeaning {
            switch self {
            case .key: KeyMeaning(.text, "The key.")
            case .keySecret:
                KeyMeaning(
                    .section(SecretReference.shape),
                    "A secret that holds the key; generated when it is missing.")
            case .description: KeyMeaning(.text, "What the key is for.")
            }
        }
    }

    enum SecretReference: String, ConfigurationKey {
        case name, key

        static var definition: String? { "secretReference" }

        var meaning: KeyMeaning {
            switch self {
            case .name:
                KeyMeaning(.text, "The secret: a folder of --secrets-dir.", isRequired: true)
            case .key:
                KeyMeaning(
                    .text, "The key within the secret: a file in that folder.", isRequired: true)
            }
        }
    }

    enum Cluster: String, ConfigurationKey {
        case name, prometheus, remoteCoroot, loki, tempo, pyroscope, storage, enabled

        static var definition: String? { "cluster" }

        var meaning: KeyMeaning {
            switch self {
            case .name: KeyMeaning(.text, "Unique.", isRequired: true)
            case .prometheus: ConfigurationKeys.prometheus
            case .remoteCoroot: ConfigurationKeys.remoteCoroot
            case .loki: ConfigurationKeys.telemetry(.loki)
            case .tempo: ConfigurationKeys.telemetry(.tempo)
            case .pyroscope: ConfigurationKeys.telemetry(.pyroscope)
            case .storage: KeyMeaning(.section(Storage.shape), "What the cluster stores to.")
            case .enabled: .flag(true, "A disabled cluster is never chosen.")
            }
        }
    }

    enum Storage: String, ConfigurationKey {
        case bucketName

        var meaning: KeyMeaning {
            KeyMeaning(
                .text, "Clusters of one pool share it, clusters of different pools do not.")
        }
    }

    enum PoolAttribute: String, ConfigurationKey {
        case project, domain, workflow, clusterPoolName

        var meaning: KeyMeaning {
            switch self {
            case .project: KeyMeaning(.text, "The project.", isRequired: true)
            case .domain: KeyMeaning(.text, "The domain.", isRequired: true)
            case .workflow: KeyMeaning(.text, "One workflow; every one by default.")
            case .clusterPoolName: KeyMeaning(.text, "The pool.", isRequired: true)
            }
        }
    }

    enum PoolAssignments: String, ConfigurationKey {
        case projects, domains

        var meaning: KeyMeaning {
            switch self {
            case .projects: KeyMeaning(.mapping(), "Pools by project.")
            case .domains: KeyMeaning(.mapping(), "Pools by domain.")
            }
        }
    }

    enum Auth: String, ConfigurationKey {
        case tokens, anonymous, tokenHeader

        static var refused: [String: String] {
            [
                "anonymous_role": "write anonymous: true to let everybody read",
                "bootstrap_admin_password": "write tokens, one of them with admin: true",
            ]
        }

        var meaning: KeyMeaning {
            switch self {
            case .tokens:
                KeyMeaning(.sections(Token.shape), "Tokens of people and of Grafana.")
            case .anonymous:
                .flag(
                    false,
                    "Every client that reaches the gateway may read every project without a token.")
            case .tokenHeader:
                .choice(
                    of: Authentication.TokenHeader.any,
                    "Where tokens and API keys are sent; X-API-Key leaves Authorization to members "
                        + "with forwardHeaders.")
            }
        }
    }

    enum Postgres: String, ConfigurationKey {
        case connectionString = "connection_string"

        static var aliases: [String: Postgres] { ["connectionString": .connectionString] }

        var meaning: KeyMeaning { KeyMeaning(.text, "As libpq reads it.", isRequired: true) }
    }

    enum Token: String, ConfigurationKey {
        case name, token, tokenFile, tokenHash, projects, admin

        static var others: [SectionShape.Key] { TokenSection.table.shape.keys }

        var meaning: KeyMeaning {
            switch self {
            case .name: KeyMeaning(.text, "Whose it is.", isRequired: true)
            case .token: KeyMeaning(.text, "The token, at least 8 characters.")
            case .tokenFile: KeyMeaning(.text, "A file with the token instead.")
            case .tokenHash:
                KeyMeaning(.text, "The SHA-256 of the token instead: sha256:<hex>.")
            case .projects: KeyMeaning(.names, "What the token opens; every project by default.")
            case .admin:
                .flag(
                    false,
                    "Whether the token may change projects, pools, keys and tokens, and reload.")
            }
        }
    }
}

extension Configuration {
    /// Every key a configuration file may hold, as paths: `projects[].prometheus.url`. A mapping
    /// with names of the user's own choice shows them as `<name>`.
    public static let keyPaths = ConfigurationKeys.Root.shape.keyPaths()
}
