import GoText
import UpstreamSettings

/// The `kind: Coroot` custom resource: only `spec.projects` concerns a gateway of metrics, and what
/// tells where their metrics are.
enum CustomResource {
    static func isOne(_ document: ConfigurationNode) -> Bool {
        document.value(of: "kind")?.scalar == "Coroot"
    }

    /// Fields that are read whole.
    fileprivate static let read: Set<String> = [
        "projects", "externalPrometheus", "storeMetricsInClickhouse", "agentsOnly",
    ]
    /// Fields of which a part tells where the resource's own Coroot is, and how fine its metrics
    /// are.
    fileprivate static let ofCoroot = [
        "service": "only its ports are read", "ingress": "only its path is read",
        "metricsRefreshInterval": "", "httpDisabled": "",
    ]
}

/// What regular projects read that name no source of their own.
enum SharedSource {
    case prometheus(PrometheusSource)
    /// The Coroot of the resource, which gives each project what belongs to it.
    case coroot(ServerURL, resolution: Duration)
    /// Something outside of the file is missing.
    case misconfigured(String)

    /// - Parameter keys: the project's own.
    func kind(ofProjectWith keys: [APIKey]) -> Project.Kind {
        switch self {
        case .prometheus(let source): return .prometheus(source)
        case .misconfigured(let reason): return .misconfigured(reason: reason)
        case .coroot(let url, let resolution):
            guard let key = keys.first?.key else {
                return .misconfigured(
                    reason: "it is read at \(url) with its first API key, which is missing")
            }
            return .remoteCoroot(RemoteCoroot(url: url, apiKey: key, metricResolution: resolution))
        }
    }
}

extension ConfigurationReader {
    mutating func readCustomResource(_ root: ConfigurationNode) -> Configuration {
        var configuration = Configuration()
        configuration.format = .customResource
        isLenient = true
        guard let spec = root.value(of: "spec"), case .mapping(let fields) = spec.content else {
            report.error(at: root, "the resource has no spec", mend: "add spec.projects")
            return configuration
        }
        var elements: [ConfigurationNode] = []
        if case .list(let projects)? = spec.value(of: "projects")?.content { elements = projects }
        sharedSource = readSharedSource(root, spec, elements)
        noteIgnored(fields)
        guard !elements.isEmpty else {
            report.consequence(
                at: spec, "there are no projects", mend: "list them in spec.projects")
            return configuration
        }
        configuration.projects = readProjects(elements)
        configuration.notes = report.notes
        return configuration
    }

    private mutating func noteIgnored(_ fields: [ConfigurationNode.Entry]) {
        for field in fields where !CustomResource.read.contains(field.key) {
            if case .coroot? = sharedSource, let part = CustomResource.ofCoroot[field.key] {
                if !part.isEmpty { report.note(at: field.value, part) }
                continue
            }
            report.note(at: field.value, "is of no use to a gateway of metrics and is ignored")
        }
        guard
            let agents = fields.first(where: { $0.key == "agentsOnly" && $0.value.isSwitchedOn })
        else { return }
        let url = agents.value.value(of: "corootURL")?.scalar ?? "another Coroot"
        report.note(
            at: agents.value,
            "the operator installs agents only: there is nothing to read beside them, as they send "
                + "to \(url); write a project with remoteCoroot for it")
    }

    /// Where the metrics of regular projects are: in the external Prometheus if the resource names
    /// one, in ClickHouse if it says so, else in the Prometheus that the operator installs. Several
    /// projects in one Prometheus are told apart by ids that only Coroot knows, and what is in
    /// ClickHouse only Coroot reads: then each project is asked of Coroot, by its own key.
    private mutating func readSharedSource(
        _ root: ConfigurationNode, _ spec: ConfigurationNode, _ projects: [ConfigurationNode]
    ) -> SharedSource? {
        let section = Section<SettingName>(spec, shape: Self.everyField(of: spec), &report)
        let external = section?["externalPrometheus"]
        let isInClickHouse =
            external == nil && section?.bool("storeMetricsInClickhouse", &report) == true
        let regular = projects.filter(\.isRegularProject)
        if isInClickHouse || regular.count > 1 {
            guard let url = corootURL(root, spec) else { return nil }
            if let first = regular.first {
                report.note(
                    at: isInClickHouse ? section?["storeMetricsInClickhouse"] : first,
                    isInClickHouse
                        ? "metrics are in ClickHouse: projects with apiKeys are read at \(url), "
                            + "each with its first key"
                        : "\(regular.count) projects share one Prometheus, and only Coroot tells "
                            + "them apart: they are read at \(url), each with its first key")
            }
            if let external {
                report.note(at: external, "is read through Coroot, with what it needs to know")
            }
            return .coroot(url, resolution: refreshInterval(section))
        }
        if let external { return readExternal(external) }
        return address(root, "prometheus", port: "9090").map {
            .prometheus(PrometheusSource(url: $0))
        }
    }

    private static func everyField(of spec: ConfigurationNode) -> SectionShape {
        guard case .mapping(let fields) = spec.content else { return SectionShape([]) }
        return SectionShape(fields.map { .init(name: $0.key, type: .text, text: "") })
    }

    private mutating func readExternal(_ node: ConfigurationNode) -> SharedSource? {
        guard
            let source = ExternalPrometheusSection.table.read(
                node, subject: nil, lenient: true, &self)
        else { return nil }
        return missingPassword.map { .misconfigured($0) } ?? .prometheus(source)
    }

    private mutating func refreshInterval(_ section: Section<SettingName>?) -> Duration {
        section?.duration("metricsRefreshInterval", atLeast: .seconds(1), &report)
            ?? RemoteCoroot.defaultResolution
    }

    /// A service that the operator makes.
    private mutating func address(
        _ root: ConfigurationNode, _ part: String, scheme: String = "http", port: String,
        path: String = ""
    ) -> ServerURL? {
        let metadata = root.value(of: "metadata")
        let name = metadata?.value(of: "name")?.scalar ?? "coroot"
        let namespace = metadata?.value(of: "namespace")?.scalar ?? "default"
        let text = "\(scheme)://\(name)-\(part).\(namespace):\(port)\(path)"
        do throws(ServerURL.Problem) {
            return try ServerURL(text)
        } catch let problem {
            report.error(at: metadata ?? root, "the URL \(text) \(problem.text)")
            return nil
        }
    }

    /// The resource's own Coroot.
    private mutating func corootURL(
        _ root: ConfigurationNode, _ spec: ConfigurationNode
    ) -> ServerURL? {
        let isTLS = spec.value(of: "httpDisabled")?.isSwitchedOn ?? false
        let service = spec.value(of: "service")
        let port = service?.value(of: isTLS ? "httpsPort" : "port")?.scalar
        var path = spec.value(of: "ingress")?.value(of: "path")?.scalar ?? ""
        while path.hasSuffix("/") { path.removeLast() }
        if !path.isEmpty, !path.hasPrefix("/") { path = "/" + path }
        return address(
            root, "coroot", scheme: isTLS ? "https" : "http",
            port: port ?? (isTLS ? "8443" : "8080"), path: path)
    }
}

extension ConfigurationNode {
    /// Whether a project of a resource has keys and no other source.
    fileprivate var isRegularProject: Bool {
        let isThere = { (key: String) in value(of: key)?.isSwitchedOn ?? false }
        return isThere("apiKeys")
            && !["memberProjects", "remoteCoroot", "prometheus"].contains(where: isThere)
    }
}

extension ConfigurationReader {
    /// `globalPrometheus`, or the `global_prometheus` of Coroot's own file.
    mutating func readGlobalPrometheus(_ node: ConfigurationNode) -> SharedSource? {
        guard let spelled = ownSpelling(node) else {
            return .misconfigured("its Prometheus cannot be read")
        }
        return readPrometheus(spelled, subject: nil).map { .prometheus($0) }
    }

    /// In the gateway's spelling; another node as it is. nil where the gateway cannot follow what
    /// it says, which is reported.
    private mutating func ownSpelling(_ node: ConfigurationNode) -> ConfigurationNode? {
        guard case .mapping(let entries) = node.content else { return node }
        var isRefused = false
        var own: [ConfigurationNode.Entry] = []
        var login: [ConfigurationNode.Entry] = []
        for var entry in entries {
            switch entry.key {
            case "tls_skip_verify": entry.key = "tlsSkipVerify"
            case "custom_headers": entry.key = "headers"
            case "user", "password":
                if entry.key == "user" { entry.key = "username" }
                if entry.value.isSwitchedOn { login.append(entry) }
                continue
            case "refresh_interval", "remote_write_url":
                report.note(
                    at: entry.value, "is of no use to a gateway of metrics and is ignored")
                continue
            case "extra_selector", "use_clickhouse":
                isRefused = refuse(entry) || isRefused
                continue
            default: break
            }
            own.append(entry)
        }
        // Coroot sends both or nothing.
        if login.count == 2, let first = login.first {
            var value = first.value
            value.content = .mapping(login)
            value.keyPath = node.keyPath + ".basicAuth"
            own.append(
                .init(key: "basicAuth", line: first.line, column: first.column, value: value))
        } else if let lonely = login.first {
            report.note(at: lonely.value, "is ignored, as user and password belong together")
        }
        if isRefused { return nil }
        var spelled = node
        spelled.content = .mapping(own)
        return spelled
    }

    /// False for an entry that switches nothing on.
    private mutating func refuse(_ entry: ConfigurationNode.Entry) -> Bool {
        guard entry.value.isSwitchedOn else {
            report.note(at: entry.value, "is of no use to a gateway of metrics and is ignored")
            return false
        }
        let isSelector = entry.key == "extra_selector"
        report.error(
            at: entry.value,
            isSelector
                ? "a selector belongs to each project"
                : "only Coroot reads what it keeps in ClickHouse",
            mend: isSelector
                ? "write it as selector of the projects"
                : "write the projects as remoteCoroot, with the url of that Coroot and one of their "
                    + "keys each")
        return true
    }
}
