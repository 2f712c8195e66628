import UpstreamSettings

/// The `kind: Coroot` custom resource: only `spec.projects` concerns a gateway of metrics, and what
/// the projects' own Prometheus is.
enum CustomResource {
    static func isOne(_ document: ConfigurationNode) -> Bool {
        document.value(of: "kind")?.scalar == "Coroot"
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
        for field in fields
        where field.key != "projects" && field.key != "externalPrometheus" {
            report.note(at: field.value, "is of no use to a gateway of metrics and is ignored")
        }
        sharedPrometheus = clusterPrometheus(root, spec)
        guard case .list(let elements)? = spec.value(of: "projects")?.content, !elements.isEmpty
        else {
            report.error(at: spec, "there are no projects", mend: "list them in spec.projects")
            return configuration
        }
        configuration.projects = readProjects(elements)
        noteSharing(configuration.projects, elements)
        configuration.notes = report.notes
        return configuration
    }

    /// The Prometheus that regular projects of the resource write to: the external one if the
    /// resource names one, else the one the operator installs beside Coroot.
    private mutating func clusterPrometheus(
        _ root: ConfigurationNode, _ spec: ConfigurationNode
    ) -> PrometheusSource? {
        if let external = spec.value(of: "externalPrometheus"),
            let node = external.value(of: "url"), let text = node.scalar
        {
            if case .mapping(let fields) = external.content {
                for field in fields where !["url", "tlsSkipVerify"].contains(field.key) {
                    report.note(
                        at: field.value, "is not read; write a configuration file instead")
                }
            }
            do throws(ServerURL.Problem) {
                let skip = external.value(of: "tlsSkipVerify")?.scalar == "true"
                return PrometheusSource(
                    url: try ServerURL(text), tls: TLSSettings(skipVerify: skip))
            } catch let problem {
                report.error(at: node, "the URL \(problem.text)")
                return nil
            }
        }
        let metadata = root.value(of: "metadata")
        let name = metadata?.value(of: "name")?.scalar ?? "coroot"
        let namespace = metadata?.value(of: "namespace")?.scalar ?? "default"
        return (try? ServerURL("http://\(name)-prometheus.\(namespace):9090")).map {
            PrometheusSource(url: $0)
        }
    }

    /// Regular projects of one resource share its Prometheus; two of them give every series twice.
    private mutating func noteSharing(_ projects: [Project], _ elements: [ConfigurationNode]) {
        guard let shared = sharedPrometheus else { return }
        let sharing = projects.filter { project in
            if case .prometheus(let source) = project.kind { return source == shared }
            return false
        }.map(\.name)
        guard sharing.count > 1 else { return }
        report.note(
            at: elements.first,
            "projects \(sharing.joined(separator: ", ")) all read \(shared.url): a multi-cluster "
                + "project of them counts every series \(sharing.count) times")
    }
}
