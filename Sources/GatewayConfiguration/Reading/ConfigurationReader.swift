import UpstreamSettings

/// Turns a document into a configuration and a report of everything wrong with it.
struct ConfigurationReader {
    /// The longest time that can be configured: ten years.
    static let longestDuration = Duration.seconds(10 * 365 * 86_400)

    typealias Keys = ConfigurationKeys

    var report = ConfigurationReport()
    let secrets: SecretFiles
    /// Names of regular projects that exist already, in the store.
    let existingProjects: Set<String>
    /// What a regular project reads that names no Prometheus of its own.
    var sharedSource: SharedSource?
    /// What regular projects read that name no server of a kind of their own.
    var sharedTelemetry = TelemetrySources()
    /// What static labels must not be; nil where that is not known yet.
    var partitionLabel: String? = Configuration.defaultPartitionLabel
    /// Whether clients send the gateway's own tokens in `Authorization`, which no member is sent then.
    var keepsAuthorization = false
    /// True inside a custom resource, whose other fields are somebody else's business.
    var isLenient = false
    /// Why the key of the remote Coroot that was read last is not there; nil when it is.
    var missingRemoteKey: String?
    /// Why the password of a resource's Prometheus is not there; nil when it is.
    var missingPassword: String?
    /// The projects of a custom resource, while the settings that stand beside it are read.
    var resourceProjects: [Project]?
    /// The files that `projectFiles` names.
    var projectFiles = ProjectFileReading()

    init(secrets: SecretFiles, existingProjects: Set<String>) {
        self.secrets = secrets
        self.existingProjects = existingProjects
    }

    mutating func read(_ documents: [ConfigurationNode]) -> Configuration {
        if let resource = documents.first(where: CustomResource.isOne) {
            return readCustomResource(resource)
        }
        guard let root = documents.first else {
            if report.errors.isEmpty {
                report.error(
                    ConfigurationError(
                        problem: "the file is empty", mend: "it needs at least projects"))
            }
            return Configuration()
        }
        if documents.count > 1 {
            report.error(
                at: documents[1], "a second document begins here", mend: "keep one document a file")
        }
        return readFile(root)
    }

    private mutating func readFile(_ root: ConfigurationNode) -> Configuration {
        var configuration = Configuration()
        guard let section = Section<Keys.Root>(root, &report) else { return configuration }

        configuration.authentication = readAuthentication(section[.auth])
        keepsAuthorization = configuration.authentication?.keepsAuthorization ?? false
        readAddress(section, into: &configuration)
        if let node = section[.tls] { configuration.tls = readServerTLS(node) }
        if let path = section.text(.urlBasePath, &report) {
            configuration.urlBasePath = basePath(path, at: section.place(of: .urlBasePath))
        }
        readStore(section, into: &configuration)
        readPartitionLabel(section, into: &configuration)
        partitionLabel = configuration.partitionLabel
        if let node = section[.query] {
            _ = QuerySection.table.read(node, into: &configuration.query, subject: nil, &self)
        }
        if let node = section[.limits] {
            _ = LimitsSection.table.read(node, into: &configuration.limits, subject: nil, &self)
        }
        if let node = section[.cache] {
            _ = CacheSection.table.read(node, into: &configuration.cache, subject: nil, &self)
        }
        if let node = section[.probes] {
            _ = ProbesSection.table.read(node, into: &configuration.probes, subject: nil, &self)
        }
        if let node = section[.log] {
            _ = LogSection.table.read(node, into: &configuration.log, subject: nil, &self)
        }
        if let node = section[.tracing] {
            configuration.tracing = TracingSection.table.read(node, subject: nil, &self)
        }
        if let node = section[.web] {
            _ = WebSection.table.read(node, into: &configuration.web, subject: nil, &self)
        }
        if let node = section[.globalPrometheus] {
            sharedSource = readGlobalPrometheus(node)
        }

        readSharedTelemetry(section)
        configuration.clusters = readClusters(section)
        configuration.bucketRule =
            section.choice(.bucketRule, of: BucketRule.self, &report) ?? .enforce
        if let resourceProjects {
            configuration.projects = resourceProjects
            for project in resourceProjects {
                guard let problem = project.conflict(with: configuration.authentication) else {
                    continue
                }
                report.error(
                    at: section.place(of: .auth), subject: "project \(project.name)", problem,
                    mend: ForwardHeaderRules.authorizationMend)
            }
            for project in resourceProjects {
                guard
                    let problem = project.conflict(withPartitionLabel: configuration.partitionLabel)
                else { continue }
                report.error(
                    at: section.place(of: .partitionLabel), subject: "project \(project.name)",
                    problem, mend: "rename the label in the custom resource, or the partition label"
                )
            }
            if section.isWritten(.projects) {
                report.error(
                    at: section.place(of: .projects), "projects stand in the custom resource",
                    mend: "remove them here")
            }
            if section.isWritten(.projectFiles) {
                report.error(
                    at: section.place(of: .projectFiles), "projects stand in the custom resource",
                    mend: "remove projectFiles")
            }
        } else {
            readProjectFiles(section)
            let projects = readProjects(section)
            configuration.projects = projects.map(\.project)
            configuration.projectFiles = projectFiles.files(projects)
        }
        configuration.clusterPools = readPools(section, configuration)
        readPoolAttributes(section, into: &configuration)
        readPoolAssignments(section, into: &configuration)
        checkPoolChoices(section, configuration)
        checkBuckets(section, configuration)

        if let name = section.text(.defaultProject, &report) {
            configuration.defaultProject = name
            checkProjectName(
                name, at: section.place(of: .defaultProject), subject: nil, in: configuration)
        }
        checkTokenProjects(section[.auth], configuration)
        configuration.notes = report.notes
        return configuration
    }

    private mutating func readAddress(
        _ section: Section<Keys.Root>, into configuration: inout Configuration
    ) {
        guard let text = section.text(.listenAddress, &report) else { return }
        let place = section.place(of: .listenAddress)
        guard let address = ListenAddress(text) else {
            report.error(
                at: place, "\"\(text)\" is not an address to listen on",
                mend: "write host:port, as 127.0.0.1:9090")
            return
        }
        configuration.listenAddress = address
        if !address.isLoopback, !section.isWritten(.auth) {
            report.error(
                at: place,
                "\(address) can be reached from other machines, but auth is not configured",
                mend: "add auth.tokens, or auth: {anonymous: true} to let everybody read")
        }
    }

    /// Where state that users create is kept.
    mutating func readStore(
        _ section: Section<Keys.Root>, into configuration: inout Configuration
    ) {
        configuration.dataDirectory = section.text(.dataDirectory, &report)
        guard let node = section[.postgres],
            let postgres = Section<Keys.Postgres>(node, &report)
        else { return }
        guard let text = postgres.text(.connectionString, &report), !text.isEmpty else {
            report.error(
                at: postgres.place(of: .connectionString), "a connection string is needed",
                mend: "write it as postgres://user:${PASSWORD}@host/database")
            return
        }
        configuration.postgres = secret(
            text, at: postgres.place(of: .connectionString), subject: nil,
            called: "the connection string")
    }

    private mutating func readPartitionLabel(
        _ section: Section<Keys.Root>, into configuration: inout Configuration
    ) {
        guard let label = section.text(.partitionLabel, &report) else { return }
        let isName =
            label.first.map { !$0.isNumber } ?? false
            && label.allSatisfy {
                $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber)
            }
        guard isName, !label.hasPrefix("__"), label != "le", label != "quantile" else {
            report.error(
                at: section.place(of: .partitionLabel),
                "\"\(label)\" cannot tell members apart",
                mend: "write a label name of letters, digits and _ that metrics do not use")
            return
        }
        configuration.partitionLabel = label
    }

    private mutating func basePath(_ text: String, at place: ConfigurationNode) -> String {
        var path = text[...]
        while path.hasSuffix("/") { path = path.dropLast() }
        if path.isEmpty { return "" }
        guard path.hasPrefix("/"), !path.contains("//"), !path.contains("?"), !path.contains("#"),
            !path.contains(where: \.isWhitespace)
        else {
            report.error(
                at: place, "\"\(text)\" is not a path", mend: "write it as /prefix")
            return ""
        }
        return String(path)
    }

    /// Refuses a name that no project has, and says which was probably meant.
    mutating func checkProjectName(
        _ name: String, at place: ConfigurationNode, subject: String?,
        in configuration: Configuration
    ) {
        let known = configuration.projects.map(\.name) + existingProjects.sorted()
        guard !known.contains(name) else { return }
        report.consequence(
            at: place, subject: subject, "unknown project \(name)",
            mend: NearestName.of(name, among: known).map { "did you mean \($0)?" })
    }
}
