/// Where projects or servers come from that do not stand in the configuration file itself.
public struct ProjectOrigin: Sendable, Hashable {
    /// A path, a URL or names.
    public var name: String
    /// Why what it says now is not in force; nil when it is.
    public var problem: String?
    /// How many projects or servers are in force of it.
    public var count: Int
}

extension Configuration {
    /// The file or source that a project was found in; nil for one of the configuration file, or of the
    /// store.
    public func origin(ofProject name: String) -> ProjectOrigin? {
        if let file = projectFiles.file(ofProject: name) {
            return ProjectOrigin(
                name: file.path, problem: file.problem, count: file.projects.count)
        }
        return foundNames[name].map { origin($0) }
    }

    /// The sources of members or replicas of a project, in the order of its keys.
    public func memberSources(of project: Project) -> [ProjectOrigin] {
        (project.memberChoice.discovery.sources + project.replicaSources).map { origin($0) }
    }

    /// The source of servers of a pool; nil where it has none.
    public func serverSource(of pool: ClusterPool) -> ProjectOrigin? {
        pool.discovery.map { origin(.names($0)) }
    }

    private func origin(_ source: DiscoverySource) -> ProjectOrigin {
        let finding = findings.bySource[source]
        return ProjectOrigin(
            name: source.description, problem: finding?.problem,
            count: finding?.found?.names.count ?? 0)
    }
}
